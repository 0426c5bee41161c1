"""The engine's durable memory."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pier.domain.event import Event
from pier.domain.record import Change, Stored


class Records(Protocol):
    """The durable memory of the engine."""

    async def load(self) -> Stored: ...
    async def commit(
        self, changes: Sequence[Change], *, durable: bool = False, on_written: Callable[[], None] | None = None
    ) -> None:
        """All or nothing, in order of the calls; `durable` also survives a power cut, not only a killed pierd.

        `on_written` is called once they are written, in order of the calls, and also when the caller is cancelled
        meanwhile: what was handed over cannot be called back.
        """
        ...

    async def events(self, since: int, until: int) -> list[Event]:
        """The recorded events with since <= time <= until, oldest first."""
        ...
