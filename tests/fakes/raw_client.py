"""A client that speaks HTTP by hand, so that a test says every byte and sees every byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 5.0


@dataclass
class Response:
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes = b""
    names: list[str] = field(default_factory=list)  # header names as they were sent

    def json(self) -> Any:
        return json.loads(self.body)


class RawClient:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()

    async def request(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Response:
        """Sends a request, with `body` as JSON (bytes as they are), and reads the whole response."""
        await self.send_request(method, target, body, headers)
        return await self.response(head_only=method == "HEAD")

    async def send_request(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        lines = [f"{method} {target} HTTP/1.1", "Host: d"]
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            lines.append(f"Content-Length: {len(data)}")
            if not headers or "Content-Type" not in headers:
                lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.send("\r\n".join((*lines, "", "")).encode() + data)

    async def head(self) -> Response:
        """The status line and headers of the next response."""
        async with asyncio.timeout(PATIENCE):
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = text.rstrip("\r\n").split("\r\n")
        _, status, reason = [*first.split(" ", 2), ""][:3]
        names = [line.partition(":")[0] for line in lines]
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
        return Response(int(status), reason, headers, names=names)

    async def response(self, *, head_only: bool = False) -> Response:
        response = await self.head()
        if head_only or response.status in (204, 304):
            return response
        if response.headers.get("transfer-encoding") == "chunked":
            response.body = b"".join([chunk async for chunk in self.chunks()])
        elif "content-length" in response.headers:
            response.body = await self.exactly(int(response.headers["content-length"]))
        return response

    async def chunks(self) -> AsyncIterator[bytes]:
        while chunk := await self.chunk():
            yield chunk

    async def chunk(self) -> bytes:
        """The next chunk; empty for the last."""
        async with asyncio.timeout(PATIENCE):
            size = int(await self.reader.readline(), 16)
            data = await self.reader.readexactly(size + 2)
        return data[:-2]

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    def half_close(self) -> None:
        self.writer.write_eof()

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def connected(path: str) -> AsyncIterator[RawClient]:
    client = RawClient(*await asyncio.open_unix_connection(path))
    try:
        yield client
    finally:
        client.close()
