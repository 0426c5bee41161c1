"""Links on their way out: removed behind the caller's back, as the kernel takes tens of milliseconds for each."""

import asyncio

from pier.network.link import Links
from pier.network.worker import Worker

_PATIENCE = 5.0  # seconds that somebody waits for a removal that hangs


class Leaving:
    """The links that are being removed, by container; the methods belong to one event loop."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._links: dict[str, set[asyncio.Future[None]]] = {}

    def begin(self, container_id: str, host_interface: str) -> None:
        """Removes a veth pair by its end on the host, soon. One that is gone is no error, a failure is logged."""
        removal = self._worker.submit(f"remove interface {host_interface}", lambda: _delete(host_interface))
        removals = self._links.setdefault(container_id, set())
        removals.add(removal)
        removal.add_done_callback(lambda done: self._forget(container_id, done))

    async def settle(self, container_id: str) -> None:
        """Waits until none of a container's links is on its way out, so that their names inside are free."""
        if removals := self._links.get(container_id):
            await asyncio.wait(removals, timeout=_PATIENCE)

    def _forget(self, container_id: str, removal: asyncio.Future[None]) -> None:
        removals = self._links.get(container_id, set())
        removals.discard(removal)
        if not removals:
            self._links.pop(container_id, None)


def _delete(name: str) -> None:
    with Links() as links:
        links.delete(name)
