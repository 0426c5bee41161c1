"""Connected is said once a subscription is confirmed, and again when it was renewed. A small server is containerd."""

import asyncio
import tempfile
import typing
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from pier_grpc import events_pb2, task_events_pb2, types_pb2

from pier.containerd.changes import ImageChanges
from pier.containerd.client import Client
from pier.containerd.events import RuntimeEvents
from pier.domain.runtime import Connected, RuntimeEvent, TaskExit, TaskOom

EXIT = task_events_pb2.TaskExit(
    container_id="c1", id="c1", pid=7, exit_status=137, exited_at=Timestamp(seconds=5, nanos=1)
)


class Exchange:
    """Passes published markers on to subscribers; `deaf` of them are lost, as before a subscription is in force."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.deaf = 0
        self.filters: list[list[str]] = []
        self.streams: list[asyncio.Queue[types_pb2.Envelope | None]] = []
        self.subscribed = asyncio.Event()
        self._server = grpc.aio.server()

    async def start(self) -> None:
        subscribe = grpc.unary_stream_rpc_method_handler(
            self._subscribe, events_pb2.SubscribeRequest.FromString, types_pb2.Envelope.SerializeToString
        )
        publish = grpc.unary_unary_rpc_method_handler(
            self._publish, events_pb2.PublishRequest.FromString, Empty.SerializeToString
        )
        handlers: dict[str, grpc.RpcMethodHandler[typing.Any, typing.Any]] = {
            "Subscribe": subscribe,
            "Publish": publish,
        }
        name = "containerd.services.events.v1.Events"
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
        self._server.add_insecure_port(f"unix://{self.path}")
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(None)

    def send(self, topic: str, payload: bytes) -> None:
        for stream in self.streams:
            stream.put_nowait(types_pb2.Envelope(topic=topic, event=Any(value=payload)))

    def end_streams(self) -> None:
        for stream in self.streams:
            stream.put_nowait(None)
        self.streams.clear()

    async def _publish(self, request: events_pb2.PublishRequest, context: object) -> Empty:
        if self.deaf:
            self.deaf -= 1
        else:
            self.send(request.topic, b"")
        return Empty()

    async def _subscribe(
        self, request: events_pb2.SubscribeRequest, context: object
    ) -> AsyncIterator[types_pb2.Envelope]:
        self.filters.append(list(request.filters))
        stream: asyncio.Queue[types_pb2.Envelope | None] = asyncio.Queue()
        self.streams.append(stream)
        self.subscribed.set()
        while (envelope := await stream.get()) is not None:
            yield envelope


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    with tempfile.TemporaryDirectory(prefix="pier-") as directory:
        exchange = Exchange(str(Path(directory) / "s"))
        await exchange.start()
        yield exchange
        await exchange.stop()


@pytest.fixture
def changes() -> ImageChanges:
    return ImageChanges()


@pytest.fixture
async def events(exchange: Exchange, changes: ImageChanges) -> AsyncIterator[AsyncIterator[RuntimeEvent]]:
    client = Client(exchange.path, "ours")
    stream = RuntimeEvents(client, changes).subscribe()
    yield stream
    await client.close()


async def following(events: AsyncIterator[RuntimeEvent]) -> RuntimeEvent:
    async with asyncio.timeout(10):
        return await anext(events)


async def test_connected_is_said_only_once_something_arrives(
    exchange: Exchange, events: AsyncIterator[RuntimeEvent]
) -> None:
    exchange.deaf = 4
    assert await following(events) == Connected()
    assert exchange.deaf == 0


async def test_only_our_namespace_is_asked_for(exchange: Exchange, events: AsyncIterator[RuntimeEvent]) -> None:
    await following(events)
    assert exchange.filters
    assert all(each.startswith('namespace==ours,topic=="/') for each in exchange.filters[0])


async def test_events_are_decoded_and_foreign_topics_skipped(
    exchange: Exchange, events: AsyncIterator[RuntimeEvent]
) -> None:
    await following(events)
    exchange.send("/tasks/paused", b"")
    exchange.send("/tasks/exit", b"\xff no message")
    exchange.send("/tasks/exit", EXIT.SerializeToString())
    of_exec = task_events_pb2.TaskExit(container_id="c1", id="e1", pid=8)
    exchange.send("/tasks/exit", of_exec.SerializeToString())
    exchange.send("/tasks/oom", task_events_pb2.TaskOOM(container_id="c1").SerializeToString())
    assert [await following(events) for _ in range(3)] == [
        TaskExit(container_id="c1", exec_id="", pid=7, status=137, exited_at=5_000_000_001),
        TaskExit(container_id="c1", exec_id="e1", pid=8, status=0, exited_at=0),
        TaskOom(container_id="c1"),
    ]


async def test_changes_of_images_are_counted_while_the_stream_is_up(
    exchange: Exchange, events: AsyncIterator[RuntimeEvent], changes: ImageChanges
) -> None:
    await following(events)
    before = changes.number
    assert before is not None
    exchange.send("/images/delete", b"")
    exchange.send("/tasks/exit", EXIT.SerializeToString())
    await following(events)
    assert changes.number not in (None, before)

    await exchange.stop()
    async with asyncio.timeout(20), asyncio.TaskGroup() as jobs:
        waiting = jobs.create_task(following(events))
        while changes.number is not None:  # noqa: ASYNC110 - the stream's loss is told to nobody
            await asyncio.sleep(0.01)
        waiting.cancel()


async def test_an_event_that_confirms_the_subscription_is_not_lost(
    exchange: Exchange, events: AsyncIterator[RuntimeEvent]
) -> None:
    exchange.deaf = 1_000_000
    async with asyncio.TaskGroup() as jobs:
        first = jobs.create_task(following(events), name="first event")
        await exchange.subscribed.wait()
        exchange.send("/tasks/exit", EXIT.SerializeToString())
    assert first.result() == Connected()
    assert isinstance(await following(events), TaskExit)


async def test_stream_that_ends_is_renewed(exchange: Exchange, events: AsyncIterator[RuntimeEvent]) -> None:
    assert await following(events) == Connected()
    exchange.end_streams()
    assert await following(events) == Connected()
    exchange.send("/tasks/exit", EXIT.SerializeToString())
    assert isinstance(await following(events), TaskExit)
