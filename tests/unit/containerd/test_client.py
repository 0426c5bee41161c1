"""The connection: addresses, metadata, absence and return of containerd. A small gRPC server stands for it."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty

from pier.containerd.client import CALL_TIMEOUT, Client, HeldLease, Method, current_lease
from pier.domain.errors import InvalidArgument, Unavailable

ECHO = Method("/test.Echo/Echo", Empty, Empty)


class Server:
    """Answers ECHO and remembers each call's metadata; while `silent` it does not answer."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.metadata: list[dict[str, str]] = []
        self.silent = False
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((self._handlers(),))
        self._server.add_insecure_port(f"unix://{self.path}")
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)
            self._server = None
            await asyncio.to_thread(Path(self.path).unlink, missing_ok=True)

    def _handlers(self) -> grpc.GenericRpcHandler:
        handler = grpc.unary_unary_rpc_method_handler(self._echo, Empty.FromString, Empty.SerializeToString)
        return grpc.method_handlers_generic_handler("test.Echo", {"Echo": handler})

    async def _echo(self, request: Empty, context: grpc.aio.ServicerContext[Empty, Empty]) -> Empty:
        metadata = context.invocation_metadata() or ()
        self.metadata.append({key: str(value) for key, value in metadata})
        if self.silent:
            await asyncio.Event().wait()
        return Empty()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="pier-") as directory:
        server = Server(str(Path(directory) / "s"))
        await server.start()
        yield server
        await server.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    client = Client(f"unix://{server.path}", "ours")
    yield client
    await client.close()


async def echo(client: Client, timeout: float = 10) -> None:
    await client.call(ECHO, Empty(), what="call", timeout=timeout)


def test_address_must_be_absolute() -> None:
    with pytest.raises(InvalidArgument):
        Client("run/containerd.sock", "ours")


async def test_namespace_goes_with_every_call(client: Client, server: Server) -> None:
    await echo(client)
    assert server.metadata[0]["containerd-namespace"] == "ours"
    assert "containerd-lease" not in server.metadata[0]


async def test_lease_goes_with_calls_while_it_is_held(client: Client, server: Server) -> None:
    lease = HeldLease("l1", "ours")
    token = current_lease.set(lease)
    await echo(client)
    lease.holders = 0  # released, but a job that was started under it lives on
    await echo(client)
    current_lease.set(HeldLease("l2", "another namespace"))
    await echo(client)
    current_lease.reset(token)
    assert [metadata.get("containerd-lease") for metadata in server.metadata] == ["l1", None, None]


async def test_silent_containerd_is_unavailable_after_the_timeout(client: Client, server: Server) -> None:
    server.silent = True
    with pytest.raises(Unavailable, match="no answer in time"):
        await echo(client, timeout=0.1)


async def test_absent_containerd_is_unavailable_at_once_and_found_again(client: Client, server: Server) -> None:
    await echo(client)
    await server.stop()
    began = time.monotonic()
    with pytest.raises(Unavailable, match="is containerd running"):
        await echo(client)
    assert time.monotonic() - began < CALL_TIMEOUT / 2
    await server.start()
    await until_it_works(lambda: echo(client))


async def until_it_works(call: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                await call()  # type: ignore[misc]  # any awaitable
            except Unavailable:
                await asyncio.sleep(0.02)
            else:
                return


async def test_closed_client_connects_anew(client: Client, server: Server) -> None:
    await echo(client)
    await client.close()
    await echo(client)
    assert len(server.metadata) == 2
