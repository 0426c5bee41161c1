import asyncio
import json

import pytest
from fakes.containers import SECOND, a_container, broken, stats_sample
from fakes.engine import FakeEngine, FakeLine
from fakes.raw_client import RawClient

from pier.api.routes import monitoring
from pier.domain.container import Config
from pier.domain.errors import NotFound
from pier.domain.event import Event
from pier.engine.containers.usage import StatsSample
from pier.wire.frames import frame

MOMENT = 1_700_000_000 * SECOND + 5


async def test_logs_are_frames_in_order(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.lines = [[FakeLine(1, MOMENT, b"out\n"), FakeLine(2, MOMENT, b"err\n")], [FakeLine(1, 0, b"x")]]
    response = await client.request("GET", "/containers/web/logs?stdout=1&stderr=1&tail=5&since=1.5&until=0")
    assert response.headers["content-type"] == "application/vnd.docker.multiplexed-stream"
    assert response.body == frame(1, b"out\n") + frame(2, b"err\n") + frame(1, b"x")
    options = engine.containers.log_options
    assert options is not None
    assert (options.tail, options.since, options.until, options.follow) == (5, 1_500_000_000, 0, False)


@pytest.mark.parametrize(("tail", "number"), [("", -1), ("all", -1), ("-5", -1), ("0", 0), ("7", 7), ("9" * 5000, -1)])
async def test_tail(client: RawClient, engine: FakeEngine, tail: str, number: int) -> None:
    await client.request("GET", f"/containers/web/logs?stdout=1&tail={tail}")
    assert engine.containers.log_options is not None
    assert engine.containers.log_options.tail == number


async def test_logs_of_a_terminal_are_raw(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.all["web"] = a_container(config=Config(tty=True))
    engine.containers.lines = [[FakeLine(1, MOMENT, b"raw")]]
    response = await client.request("GET", "/containers/web/logs?stdout=1")
    assert response.headers["content-type"] == "application/vnd.docker.raw-stream"
    assert response.body == b"raw"


async def test_timestamps_and_details_stand_before_the_text(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.lines = [[FakeLine(1, MOMENT, b"a\n", {"k": "v", "b": "x y"}), FakeLine(1, MOMENT, b"b\n")]]
    response = await client.request("GET", "/containers/web/logs?stdout=1&timestamps=1&details=1")
    stamp = b"2023-11-14T22:13:20.000000005Z "
    assert response.body == frame(1, stamp + b"b=x+y,k=v a\n") + frame(1, stamp + b" b\n")


async def test_following_sends_the_headers_before_any_output(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.log_end = asyncio.Event()
    await client.send_request("GET", "/containers/web/logs?stdout=1&follow=1")
    assert (await client.head()).status == 200
    engine.containers.log_end.set()
    assert await client.chunk() == b""


async def test_logs_that_break_say_so_in_the_stream(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.lines = [[FakeLine(1, 0, b"x")]]
    engine.containers.log_end = broken("disk")
    response = await client.request("GET", "/containers/web/logs?stdout=1")
    assert response.body == frame(1, b"x") + frame(2, b"Error grabbing logs: disk\n")


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 400, "Bad parameters: you must choose at least one stream"),
        ("stdout=1&since=zz", 500, 'strconv.ParseInt: parsing "zz": invalid syntax'),
    ],
)
async def test_bad_log_queries(client: RawClient, query: str, status: int, message: str) -> None:
    response = await client.request("GET", f"/containers/web/logs?{query}")
    assert (response.status, response.json()["message"]) == (status, message)


async def test_stats_stream_begins_without_a_reading_before(
    client: RawClient, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitoring, "STATS_PERIOD", 0.01)
    engine.containers.samples = [stats_sample(MOMENT), stats_sample(MOMENT + SECOND, cpu=3000)]
    await client.send_request("GET", "/containers/web/stats")
    assert (await client.head()).status == 200
    first, second = await client.chunk(), await client.chunk()
    assert b'"preread":"0001-01-01T00:00:00Z"' in first
    assert b'"precpu_stats":{"cpu_usage":{"total_usage":1000,' in second
    engine.containers.failure = NotFound("gone")
    async for _ in client.chunks():
        pass  # the stream ends with the container


async def test_one_reading_takes_two(client: RawClient, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "STATS_PERIOD", 0.01)
    engine.containers.samples = [stats_sample(MOMENT), stats_sample(MOMENT + SECOND, cpu=3000)]
    stats = (await client.request("GET", "/containers/web/stats?stream=0")).json()
    assert stats["name"] == "/web"
    assert (stats["precpu_stats"]["cpu_usage"]["total_usage"], stats["cpu_stats"]["cpu_usage"]["total_usage"]) == (
        1000,
        3000,
    )
    assert stats["networks"]["eth0"]["rx_bytes"] == 7
    assert stats["memory_stats"] == {"usage": 4096, "stats": {"cache": 1}, "limit": 1 << 30}


async def test_one_shot_answers_at_once_without_a_name(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.samples = [stats_sample(MOMENT)]
    stats = (await client.request("GET", "/containers/web/stats?stream=0&one-shot=1")).json()
    assert "name" not in stats
    assert stats["precpu_stats"]["cpu_usage"]["total_usage"] == 0


async def test_one_shot_streams_are_refused(client: RawClient) -> None:
    response = await client.request("GET", "/containers/web/stats?stream=1&one-shot=1")
    assert (response.status, response.json()["message"]) == (400, "cannot have stream=true and one-shot=true")


async def test_a_container_that_does_not_run_has_zeros(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.samples = [StatsSample(container=a_container())]
    stats = (await client.request("GET", "/containers/web/stats?stream=0")).json()
    assert (stats["read"], stats["pids_stats"], stats["memory_stats"]) == ("0001-01-01T00:00:00Z", {}, {})
    assert stats["blkio_stats"]["io_service_bytes_recursive"] is None
    assert "networks" not in stats


def an_event(**changes: object) -> Event:
    given: dict[str, object] = {
        "type": "container",
        "action": "start",
        "actor_id": "c1",
        "attributes": {"image": "busybox", "name": "web"},
        "time": MOMENT,
    }
    return Event(**{**given, **changes})  # type: ignore[arg-type]


async def test_events_flow_as_they_happen(client: RawClient, engine: FakeEngine) -> None:
    await client.send_request("GET", '/events?filters={"type":["container"]}')
    assert (await client.head()).headers["content-type"] == "application/json"
    engine.events.queue.put_nowait(an_event())
    assert await client.chunk() == (
        b'{"status":"start","id":"c1","from":"busybox","Type":"container","Action":"start",'
        b'"Actor":{"ID":"c1","Attributes":{"image":"busybox","name":"web"}},"scope":"local",'
        b'"time":1700000000,"timeNano":1700000000000000005}\n'
    )
    engine.events.queue.put_nowait(an_event(type="network", action="connect"))
    assert (await client.chunk()).startswith(b'{"Type":"network"')
    engine.events.queue.put_nowait(None)
    assert await client.chunk() == b""


@pytest.mark.parametrize(("version", "actions"), [("v1.45", ["tag"]), ("v1.46", ["create", "tag"])])
async def test_old_clients_are_not_told_of_made_images(
    client: RawClient, engine: FakeEngine, version: str, actions: list[str]
) -> None:
    await client.send_request("GET", f"/{version}/events")
    await client.head()
    for action in ("create", "tag"):
        engine.events.queue.put_nowait(an_event(type="image", action=action))
    for action in actions:
        assert json.loads(await client.chunk())["Action"] == action


@pytest.mark.parametrize(
    ("query", "asked"),
    [("since=0&until=5", (1, 5 * SECOND)), ("until=5", (1, 5 * SECOND)), ("since=5", (5 * SECOND, 0)), ("", (0, 0))],
)
async def test_the_subscription_is_there_when_the_headers_are(
    client: RawClient, engine: FakeEngine, query: str, asked: tuple[int, int]
) -> None:
    await client.send_request("GET", f"/events?{query}")
    await client.head()
    assert engine.events.subscribers == 1
    assert engine.events.asked is not None
    assert engine.events.asked[:2] == asked


async def test_a_reader_of_events_that_goes_is_unsubscribed(client: RawClient, engine: FakeEngine) -> None:
    await client.send_request("GET", "/events")
    await client.head()
    client.close()
    await asyncio.wait_for(engine.events.left.wait(), 5)
    assert engine.events.subscribers == 0


async def test_a_bad_since_is_500(client: RawClient) -> None:
    response = await client.request("GET", "/events?since=zz")
    assert (response.status, response.json()["message"]) == (500, 'strconv.ParseInt: parsing "zz": invalid syntax')


@pytest.mark.parametrize("until", ["0", "4.9"])
async def test_events_do_not_end_before_they_begin(client: RawClient, until: str) -> None:
    response = await client.request("GET", f"/events?since=5&until={until}")
    reason = f"`since` time (5) cannot be after `until` time ({until})"
    assert (response.status, response.json()["message"]) == (400, reason)
