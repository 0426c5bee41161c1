"""Events on their way to subscribers: published after they are recorded, replayed from the records."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator

from pier.domain.errors import InvalidArgument, PierError
from pier.domain.event import Event
from pier.domain.filters import Filters
from pier.domain.reference import parse
from pier.engine.ports import Records

BACKLOG = 4096
_FOR_EVER = (1 << 63) - 1


class _Subscriber:
    """A bounded queue; a reader that lets it overflow is cut rather than waited for."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(BACKLOG + 1)
        self.overrun = False

    def offer(self, event: Event) -> None:
        if self.overrun:
            return
        if self.queue.qsize() >= BACKLOG:
            self.overrun = True
            self.queue.put_nowait(None)
        else:
            self.queue.put_nowait(event)


class Bus:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._subscribers: set[_Subscriber] = set()

    def publish(self, event: Event) -> None:
        """Hands a recorded event to all who listen; never waits."""
        for subscriber in self._subscribers:
            subscriber.offer(event)

    async def subscribe(
        self, *, since: int = 0, until: int = 0, filters: Filters | None = None
    ) -> AsyncGenerator[Event, None]:
        """Events from `since` (0: from now) to `until` (0: for ever), each once and in order.

        Raises PierError in the middle for a reader that has fallen BACKLOG events behind.
        """
        wanted = filters or Filters()
        subscriber = _Subscriber()
        self._subscribers.add(subscriber)
        last = 0
        try:
            if since:
                for event in await self._records.events(since, until or _FOR_EVER):
                    last = event.time
                    if matches(event, wanted):
                        yield event
            async for event in _live(subscriber, until):
                if event.time > last and matches(event, wanted):
                    yield event
        finally:
            self._subscribers.discard(subscriber)


async def _live(subscriber: _Subscriber, until: int) -> AsyncIterator[Event]:
    loop = asyncio.get_running_loop()
    end = loop.time() + (until - time.time_ns()) / 1e9 if until else None
    while end is None or loop.time() < end or not subscriber.queue.empty():
        try:
            async with asyncio.timeout_at(end):
                event = await subscriber.queue.get()
        except TimeoutError:
            return
        if event is None:
            raise PierError(f"this reader of events has fallen {BACKLOG} events behind and was cut; subscribe again")
        if until and event.time > until:
            return
        yield event


def matches(event: Event, filters: Filters) -> bool:
    """Docker's filters of /events: keys are ANDed, values ORed; unknown keys are ignored."""
    return all(_matches_key(event, key, values) for key, values in filters.values.items() if values)


def _matches_key(event: Event, key: str, values: tuple[str, ...]) -> bool:
    attributes = event.attributes
    match key:
        case "type":
            return event.type in values
        case "event":
            # `health_status` also matches `health_status: healthy`, `exec_start` also `exec_start: ls`.
            return any(event.action == value or event.action.startswith(f"{value}:") for value in values)
        case "scope":
            return event.scope in values
        case "label":
            return Filters({"label": values}).match_labels(attributes)
        case "image":
            names = (
                (event.actor_id, attributes.get("name", "")) if event.type == "image" else (attributes.get("image"),)
            )
            return any(_same_image(value, name or "") for value in values for name in names)
        case "container" | "network" | "volume" | "daemon" | "plugin" | "node" | "service" | "secret" | "config":
            return event.type == key and any(_is_actor(event, value) for value in values)
        case _:
            return True


def _is_actor(event: Event, value: str) -> bool:
    """By id or name, or how either begins, as dockerd has it: `web` finds `web-2`, too."""
    return event.actor_id.startswith(value) or event.attributes.get("name", "").startswith(value)


def _same_image(value: str, name: str) -> bool:
    """`busybox` matches `busybox:latest` and the other way round, and any tag of it."""
    if value == name:
        return True
    try:
        given, known = parse(value), parse(name)
    except InvalidArgument:
        return False
    return given.familiar == known.familiar or value == known.familiar_repository
