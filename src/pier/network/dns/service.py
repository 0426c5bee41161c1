"""All resolvers of one engine: opened with the first name, kept for pierd's successor, closed with the container."""

import asyncio
import logging
import socket
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from pier.domain.network import Endpoint, NameServer
from pier.network.dns.resolver import Resolver
from pier.network.dns.server import Server
from pier.network.dns.sockets import open_servers, open_socket
from pier.network.dns.upstream import Upstreams
from pier.network.dns.zone import Zone
from pier.network.netns import NetnsDirectory
from pier.network.ports import Keeper
from pier.network.worker import Worker

KEEPER_PREFIX = "dns/"
_log = logging.getLogger(__name__)


class NameService:
    """The methods belong to one event loop; questions for other servers are served while `run` runs."""

    def __init__(self, *, netns: NetnsDirectory, keeper: Keeper, worker: Worker) -> None:
        self._netns = netns
        self._keeper = keeper
        self._worker = worker
        self._zone = Zone()
        self._servers: dict[str, Server] = {}  # by container id
        self._kept: set[str] = set()  # containers of which the keeper holds sockets that are not in `_servers`
        self._jobs: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Owns the jobs that ask other servers, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._jobs:
                await asyncio.get_running_loop().create_future()
        finally:
            self._jobs = None

    async def recall(self, endpoints: Mapping[str, Sequence[Endpoint]], kept: Sequence[str] | None) -> None:
        """Knows the names of all running containers before the first question is read.

        Of these names in the keeper it forgets those of other containers, whose namespaces they keep alive; None: it is
        not known what the keeper holds.
        """
        for container_id, several in endpoints.items():
            self._zone.put(container_id, several)
        if kept is None:
            self._kept = set(endpoints)
            return
        names = [name for name in kept if name.startswith(KEEPER_PREFIX)]
        self._kept = {name.split("/")[1] for name in names} & set(endpoints)
        await self._keeper.forget(*(name for name in names if name.split("/")[1] not in endpoints))

    async def put(self, container_id: str, endpoints: Sequence[Endpoint], servers: Sequence[NameServer]) -> None:
        """Makes a container known by these endpoints' names, and serves it while it has any.

        Raises NotFound without a netns, PierError when the sockets cannot be opened.
        """
        self._zone.put(container_id, endpoints)
        upstreams = Upstreams(servers, partial(self._open_inside, container_id))
        if not any(endpoint.dns_names for endpoint in endpoints):
            await self._close(container_id)
        elif container_id in self._servers:
            self._servers[container_id].resolver.use(upstreams)
        else:
            await self._open(container_id, Resolver(container_id, self._zone, upstreams, self._spawn))

    def leave(self, container_id: str, network_id: str) -> None:
        """Names and view of a container on one network end with the next question."""
        self._zone.leave(container_id, network_id)

    async def drop(self, container_id: str) -> None:
        """Forgets a container and closes its sockets, which else keep its namespace alive. Unknown is no error."""
        self._zone.drop(container_id)
        await self._close(container_id)

    def stop(self) -> None:
        """Closes pierd's own descriptors; the keeper's stay, and questions wait in them."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    # -- sockets ------------------------------------------------------------------------------------------------------

    async def _open(self, container_id: str, resolver: Resolver) -> None:
        sockets = await self._take(container_id) or await self._make(container_id)
        server = Server(resolver, *sockets)
        server.start()
        self._servers[container_id] = server

    async def _take(self, container_id: str) -> tuple[socket.socket, socket.socket] | None:
        """Those of before a restart of pierd, with what waits in them."""
        if container_id not in self._kept:
            return None
        self._kept.discard(container_id)
        found = [await self._keeper.take(name) for name in _names(container_id)]
        sockets = [socket.socket(fileno=descriptor) for descriptor in found if descriptor is not None]
        if len(sockets) == 2:
            return sockets[0], sockets[1]
        for sock in sockets:
            sock.close()
        return None

    async def _make(self, container_id: str) -> tuple[socket.socket, socket.socket]:
        what = f"open the resolver of container {container_id}"
        sockets = await self._worker.run(what, lambda: self._open_servers(container_id))
        try:
            for name, sock in zip(_names(container_id), sockets, strict=True):
                await self._keeper.put(name, sock.fileno())
        except BaseException:
            for sock in sockets:
                sock.close()
            await self._keeper.forget(*_names(container_id))
            raise
        return sockets

    def _open_servers(self, container_id: str) -> tuple[socket.socket, socket.socket]:
        with self._netns.opened(container_id) as netns:
            return open_servers(netns)

    async def _close(self, container_id: str) -> None:
        server = self._servers.pop(container_id, None)
        if server is not None:
            server.close()
        if server is not None or container_id in self._kept:
            self._kept.discard(container_id)
            await self._keeper.forget(*_names(container_id))

    # -- questions for others -----------------------------------------------------------------------------------------

    async def _open_inside(self, container_id: str, family: int, kind: int) -> socket.socket:
        def work() -> socket.socket:
            with self._netns.opened(container_id) as netns:
                return open_socket(netns, family, kind)

        return await self._worker.run("ask another DNS server", work)

    def _spawn(self, job: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        if self._jobs is None:
            job.close()
            return None
        return self._jobs.create_task(_guarded(job), name=name)


async def _guarded(job: Coroutine[Any, Any, None]) -> None:
    """One question that goes wrong must not end the others."""
    try:
        await job
    except Exception:
        _log.exception("a question for another DNS server failed")


def _names(container_id: str) -> tuple[str, str]:
    """What its UDP and TCP sockets are called in the keeper."""
    return f"{KEEPER_PREFIX}{container_id}/udp", f"{KEEPER_PREFIX}{container_id}/tcp"
