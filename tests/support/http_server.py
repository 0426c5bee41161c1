"""A small HTTP server on loopback whose answers a test writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # with the query
    headers: Mapping[str, str]  # by name in lower case
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """`length` other than the body's makes an answer that breaks off."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None


Handler = Callable[[Request], Answer | Awaitable[Answer]]


@dataclass
class HttpServer:
    """`host` is `127.0.0.1:<port>`; `requests` lists what came in, in order."""

    host: str
    handler: Handler
    requests: list[Request] = field(default_factory=list)

    def paths(self, method: str = "GET") -> list[str]:
        return [request.path for request in self.requests if request.method == method]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (first := await reader.readexactly(1)).isalpha():  # TLS begins with a byte that is no letter
                request = await _parse(first + await reader.readuntil(b"\r\n\r\n"), reader)
                self.requests.append(request)
                reply = self.handler(request)
                answer = reply if isinstance(reply, Answer) else await reply
                length = len(answer.body) if answer.length is None else answer.length
                headers = {"Content-Length": str(length), **answer.headers}
                lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items())]
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
                if request.method != "HEAD":
                    writer.write(answer.body)
                await writer.drain()
                if length != len(answer.body):
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # the client is done
        finally:
            writer.close()


@asynccontextmanager
async def http_server(handler: Handler) -> AsyncIterator[HttpServer]:
    server = HttpServer("", handler)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.host = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()


async def _parse(head: bytes, reader: asyncio.StreamReader) -> Request:
    first, *lines = head.decode("ascii").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join([chunk async for chunk in _chunks(reader)])
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield await reader.readexactly(size)
        await reader.readuntil(b"\r\n")
    await reader.readuntil(b"\r\n")
