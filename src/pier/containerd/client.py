"""The one connection to containerd: namespace, lease and deadline of every call, reconnecting by itself."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from pier.containerd.errors import translated
from pier.domain.errors import InvalidArgument

Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)

CALL_TIMEOUT = 30.0  # seconds: metadata, one bolt transaction
PROCESS_TIMEOUT = 120.0  # what runs the shim and the OCI runtime
BULK_TIMEOUT = 3600.0  # what moves a layer
_MESSAGE_LIMIT = 64 << 20  # containerd caps what it sends at 16 MiB by default, configurable
_OPTIONS = (
    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
    # A Unix socket is there or not: no reason to back off for long before it is tried again.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # In spite of its name the time that an attempt may take: one that is refused fails at once, but on a busy host a
    # containerd that is there may take long to answer.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 500),
    # No keepalive: a peer's death closes a Unix socket at once, and containerd answers frequent pings by hanging up.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)


@dataclass(frozen=True, slots=True)
class Method(Generic[Request, Reply]):
    """A method of a service by its full name, with the messages it takes and gives.

    With `serialize` the caller gives requests of another form, which it turns into the message's bytes.
    """

    path: str
    request: type[Request]
    reply: type[Reply]
    serialize: Callable[[Any], bytes] | None = None


@dataclass(slots=True)
class HeldLease:
    """A lease in force in its namespace, and how many hold it; without any it is gone and may not be named."""

    id: str
    namespace: str
    holders: int = 1


current_lease: ContextVar[HeldLease | None] = ContextVar("current_lease", default=None)


class Client:
    """Calls containerd's services in one namespace. Must be used within one event loop; connects at the first call."""

    def __init__(self, address: str, namespace: str) -> None:
        """`address` is a socket's absolute path, with or without `unix://`. Raises InvalidArgument for another."""
        self.address = address.removeprefix("unix://")
        self.namespace = namespace
        if not self.address.startswith("/"):
            raise InvalidArgument(f"containerd's address {address!r} is no absolute path of a socket")
        self._channel: grpc.aio.Channel | None = None
        self._calls: dict[str, Any] = {}

    async def call(
        self,
        method: Method[Request, Reply],
        request: Request,
        *,
        what: str,
        timeout: float = CALL_TIMEOUT,
        starting: str | None = None,
    ) -> Reply:
        """One request, one reply. Raises the translated error; `what` completes "cannot ..."."""
        with translated(what, socket=self.address, starting=starting):
            reply: Reply = await self._callable("unary_unary", method)(
                request, timeout=timeout, metadata=self._metadata(), wait_for_ready=False
            )
            return reply

    def stream(
        self, method: Method[Request, Reply], request: Request, *, timeout: float | None = CALL_TIMEOUT
    ) -> "grpc.aio.UnaryStreamCall[Request, Reply]":
        """One request, many replies. Errors come untranslated, from reading; the caller cancels what it leaves."""
        call: grpc.aio.UnaryStreamCall[Request, Reply] = self._callable("unary_stream", method)(
            request, timeout=timeout, metadata=self._metadata(), wait_for_ready=False
        )
        return call

    def duplex(self, method: Method[Request, Reply], *, timeout: float) -> "grpc.aio.StreamStreamCall[Any, Reply]":
        """Many requests, many replies; as `stream`, with requests as the method takes them."""
        call: grpc.aio.StreamStreamCall[Any, Reply] = self._callable("stream_stream", method)(
            timeout=timeout, metadata=self._metadata(), wait_for_ready=False
        )
        return call

    async def close(self) -> None:
        """Ends the connection and all calls under way; the next call would connect anew."""
        channel, self._channel = self._channel, None
        self._calls.clear()
        if channel is not None:
            await channel.close()

    def _callable(self, shape: str, method: Method[Request, Reply]) -> Any:
        found = self._calls.get(method.path)
        if found is None:
            if self._channel is None:
                self._channel = grpc.aio.insecure_channel(f"unix://{self.address}", options=_OPTIONS)
            found = self._calls[method.path] = getattr(self._channel, shape)(
                method.path,
                request_serializer=method.serialize or method.request.SerializeToString,
                response_deserializer=method.reply.FromString,
            )
        return found

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        lease = current_lease.get()
        if lease is None or lease.holders == 0 or lease.namespace != self.namespace:
            return (("containerd-namespace", self.namespace),)
        return (("containerd-namespace", self.namespace), ("containerd-lease", lease.id))
