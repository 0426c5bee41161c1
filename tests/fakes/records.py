"""Records in memory: what a pierd has committed, and what the next one finds."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pier.domain.container import Container
from pier.domain.errors import PierError
from pier.domain.event import Event
from pier.domain.network import Network
from pier.domain.record import Change, Drop, Intent, Publish, Put, Stored
from pier.domain.volume import Volume

Value = Container | Network | Volume | Intent
Key = tuple[type[Value], str]


@dataclass
class FakeRecords:
    """Fits the Records port. `failure` makes the next commit raise it.

    `changes` are all so far, `durable` those that were synced.
    """

    values: dict[Key, Value] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    durable: list[Change] = field(default_factory=list)
    failure: PierError | None = None

    async def load(self) -> Stored:
        return Stored(
            containers=tuple(item for item in self.values.values() if isinstance(item, Container)),
            networks=tuple(item for item in self.values.values() if isinstance(item, Network)),
            volumes=tuple(item for item in self.values.values() if isinstance(item, Volume)),
            intents=tuple(item for item in self.values.values() if isinstance(item, Intent)),
            last_event_time=self.history[-1].time if self.history else 0,
        )

    async def commit(
        self, changes: Sequence[Change], *, durable: bool = False, on_written: Callable[[], None] | None = None
    ) -> None:
        await asyncio.sleep(0)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        for change in changes:
            match change:
                case Put(value):
                    self.values[_key(value)] = value
                case Drop(value):
                    self.values.pop(_key(value), None)
                case Publish(event):
                    self.history.append(event)
        self.changes += changes
        if durable:
            self.durable += changes
        if on_written is not None:
            on_written()

    async def events(self, since: int, until: int) -> list[Event]:
        return [event for event in self.history if since <= event.time <= until]

    @property
    def intents(self) -> list[Intent]:
        """Operations that nobody has ended."""
        return [item for item in self.values.values() if isinstance(item, Intent)]

    def put(self, value: Value) -> None:
        """Writes behind the engine's back, as a crash may have left it."""
        self.values[_key(value)] = value


def _key(value: Value) -> Key:
    return type(value), value.name if isinstance(value, Volume) else value.id
