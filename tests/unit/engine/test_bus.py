"""Events reach subscribers once, in order, and a slow reader is cut rather than waited for."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import pytest

from pier.domain.errors import PierError
from pier.domain.event import Event
from pier.domain.filters import Filters
from pier.engine.bus import BACKLOG, Bus, matches


class History:
    """The one method of Records that the bus uses."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self.kept = list(events)

    async def events(self, since: int, until: int) -> list[Event]:
        await asyncio.sleep(0)
        return [event for event in self.kept if since <= event.time <= until]


def event(at: int, **changes: object) -> Event:
    fields: dict[str, object] = {"type": "container", "action": "start", "actor_id": "abc", "time": at} | changes
    return Event(**fields)  # type: ignore[arg-type]  # tests name fields freely


async def test_replay_and_live_join_without_gap_or_repeat() -> None:
    history = History([event(1), event(2), event(3)])
    bus = Bus(history)  # type: ignore[arg-type]  # History has what the bus uses
    times = []
    async for item in bus.subscribe(since=2):
        times.append(item.time)
        if item.time == 2:
            bus.publish(event(3))  # recorded and published while the replay is read
            bus.publish(event(4))
        if item.time == 4:
            break
    assert times == [2, 3, 4]


async def test_until_in_the_future_ends_the_stream() -> None:
    bus = Bus(History())  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        assert [item async for item in bus.subscribe(until=time.time_ns() + 30_000_000)] == []


async def test_a_reader_that_stalls_is_cut_with_a_reason() -> None:
    bus = Bus(History())  # type: ignore[arg-type]
    async with contextlib.aclosing(bus.subscribe()) as reader, asyncio.timeout(10):
        waiting: asyncio.Task[Event] = asyncio.Task(anext(reader))
        await asyncio.sleep(0)
        for number in range(BACKLOG + 10):
            bus.publish(event(1 + number))
        assert (await waiting).time == 1
        (subscriber,) = bus._subscribers
        assert subscriber.queue.qsize() <= BACKLOG + 1, "the queue must stay bounded"
        with pytest.raises(PierError, match="behind"):
            async for _ in reader:
                pass


async def test_a_reader_that_leaves_is_forgotten() -> None:
    bus = Bus(History([event(1)]))  # type: ignore[arg-type]
    async with contextlib.aclosing(bus.subscribe(since=1)) as reader:
        assert (await anext(reader)).time == 1
        assert len(bus._subscribers) == 1
    assert not bus._subscribers


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"type": ("container",)}, True),
        ({"type": ("image",)}, False),
        ({"event": ("start", "stop")}, True),
        ({"event": ("health_status",)}, False),
        ({"container": ("web",)}, True),
        ({"container": ("ab",)}, True),
        ({"container": ("we",)}, True),
        ({"container": ("",)}, True),
        ({"container": ("other",)}, False),
        ({"container": ("website",)}, False),
        ({"network": ("web",)}, False),
        ({"image": ("busybox",)}, True),
        ({"image": ("busybox:latest",)}, True),
        ({"image": ("debian",)}, False),
        ({"label": ("a=b",)}, True),
        ({"label": ("a", "c")}, False),
        ({"no-such-key": ("x",)}, True),
        ({"type": ("container",), "event": ("die",)}, False),
    ],
)
def test_filters(filters: dict[str, tuple[str, ...]], expected: bool) -> None:
    attributes = {"name": "web", "image": "busybox", "a": "b"}
    assert matches(event(1, attributes=attributes), Filters(filters)) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("localhost:5000/app", True),
        ("localhost:5000/app:2", True),
        ("localhost:5000/app:1", False),
        ("localhost", False),
        ("app", False),
        ("Not A Name", False),
    ],
)
def test_the_image_filter_knows_ports_from_tags(value: str, expected: bool) -> None:
    made = event(1, attributes={"image": "localhost:5000/app:2"})
    assert matches(made, Filters({"image": (value,)})) is expected


def test_event_filter_matches_what_stands_before_the_colon() -> None:
    assert matches(event(1, action="health_status: healthy"), Filters({"event": ("health_status",)}))
    assert not matches(event(1, action="exec_start: ls"), Filters({"event": ("exec",)}))
