"""containerd's events as an endless stream that reconnects by itself.

containerd neither confirms a subscription nor replays events, and a stream it dislikes just ends. So a marker event of
our own is published until something arrives: from then on nothing can be missed, and Connected is said.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import grpc.aio
from google.protobuf.any_pb2 import Any
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from pier_grpc import events_pb2 as pb
from pier_grpc import task_events_pb2, types_pb2

from pier.containerd.changes import ImageChanges
from pier.containerd.client import Client, Method
from pier.containerd.errors import translated
from pier.containerd.messages import nanoseconds
from pier.domain.errors import PierError, Unavailable
from pier.domain.runtime import Connected, RuntimeEvent, TaskExit, TaskOom

_SERVICE = "/containerd.services.events.v1.Events/"
_SUBSCRIBE = Method(_SERVICE + "Subscribe", pb.SubscribeRequest, types_pb2.Envelope)
_PUBLISH = Method(_SERVICE + "Publish", pb.PublishRequest, Empty)

_EXIT, _OOM, _MARKER = "/tasks/exit", "/tasks/oom", "/pier/subscribed"
_IMAGES = ("/images/create", "/images/update", "/images/delete")
_CONFIRM_TIMEOUT = 10.0
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 2.0  # seconds between attempts

_log = logging.getLogger(__name__)
_Call = grpc.aio.UnaryStreamCall[pb.SubscribeRequest, types_pb2.Envelope]


class RuntimeEvents:
    """Exits and OOM kills in our namespace; changes of image records are told to `changes` alone."""

    def __init__(self, client: Client, changes: ImageChanges | None = None) -> None:
        self._client = client
        self._changes = changes or ImageChanges()

    async def subscribe(self) -> AsyncIterator[RuntimeEvent]:
        """Yields Connected whenever the stream is up (again), then what happens. Never ends, raises nothing."""
        delay = _FIRST_DELAY
        while True:
            call = self._open()
            try:
                with translated("read events", socket=self._client.address):
                    envelope = await self._confirm(call)
                    self._changes.follow()
                    yield Connected()
                    delay = _FIRST_DELAY
                    while isinstance(envelope, types_pb2.Envelope):
                        if envelope.topic in _IMAGES:
                            self._changes.note()
                        if (event := _event(envelope)) is not None:
                            yield event
                        envelope = await call.read()
                raise Unavailable("the stream of containerd's events ended")
            except PierError as error:
                _log.warning("%s; subscribing again in %.1f s", error.message, delay)
            finally:
                self._changes.lose()
                call.cancel()
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    def _open(self) -> _Call:
        topics = (_EXIT, _OOM, _MARKER, *_IMAGES)
        filters = [f'namespace=={self._client.namespace},topic=="{topic}"' for topic in topics]
        return self._client.stream(_SUBSCRIBE, pb.SubscribeRequest(filters=filters), timeout=None)

    async def _confirm(self, call: _Call) -> object:
        """The first envelope, or EOF. Raises Unavailable when none arrives in time."""
        try:
            async with asyncio.timeout(_CONFIRM_TIMEOUT), asyncio.TaskGroup() as jobs:
                markers = jobs.create_task(self._publish_markers(), name="event markers")
                first: object = await call.read()
                markers.cancel()
        except TimeoutError:
            raise Unavailable(f"containerd at {self._client.address} does not confirm the subscription") from None
        except ExceptionGroup as group:
            raise group.exceptions[0] from None  # the other one, if any, is its consequence
        return first

    async def _publish_markers(self) -> None:
        """The payload is a type that every reader of containerd's events can decode."""
        marker = pb.PublishRequest(topic=_MARKER, event=Any(type_url="google.protobuf.Empty"))
        pause = 0.01
        while True:
            await self._client.call(_PUBLISH, marker, what="publish an event")
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)


def _event(envelope: types_pb2.Envelope) -> RuntimeEvent | None:
    """None for what is none, and for what cannot be read: the others still count."""
    try:
        return _decoded(envelope)
    except DecodeError as error:
        _log.error("an event of containerd, %s, cannot be read: %s", envelope.topic, error)
        return None


def _decoded(envelope: types_pb2.Envelope) -> RuntimeEvent | None:
    if envelope.topic == _EXIT:
        ended = task_events_pb2.TaskExit.FromString(envelope.event.value)
        return TaskExit(
            container_id=ended.container_id,
            exec_id="" if ended.id == ended.container_id else ended.id,
            pid=ended.pid,
            status=ended.exit_status,
            exited_at=nanoseconds(ended.exited_at),
        )
    if envelope.topic == _OOM:
        return TaskOom(container_id=task_events_pb2.TaskOOM.FromString(envelope.event.value).container_id)
    return None
