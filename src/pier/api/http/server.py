"""Listens, and runs one job for each connection."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pier.api.http.activation import activated_sockets
from pier.api.http.channel import Channel
from pier.api.http.listener import BACKLOG, Listener, open_socket, remove_socket
from pier.api.http.messages import Handler
from pier.api.http.session import Session
from pier.api.http.tls import TlsConnection

GRACE = 5.0  # seconds that requests under way get when the server stops


class Server:
    """Use `serving`; `addresses` are where it really listens (a TCP port 0 has become a number)."""

    def __init__(self, handler: Handler, jobs: asyncio.TaskGroup) -> None:
        self._handler = handler
        self._jobs = jobs
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._servers: list[asyncio.Server] = []
        self._files: list[tuple[str, int]] = []
        self.addresses: list[str] = []

    async def open(self, listener: Listener) -> None:
        """Starts to accept. Raises BadListener."""
        if listener.activated:
            for sock in activated_sockets():
                await self._accept(sock)
            return
        sock = await asyncio.to_thread(open_socket, listener)
        if listener.path:
            self._files.append((listener.path, os.stat(listener.path).st_ino))
        await self._accept(sock, listener.tls)

    async def _accept(self, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        if sock.family == socket.AF_UNIX:
            server = await loop.create_unix_server(self._make_channel, sock=sock, backlog=BACKLOG)
            self.addresses.append(f"unix://{sock.getsockname()}")
        else:
            make = self._make_channel if tls is None else lambda: TlsConnection(tls, self._make_channel)
            server = await loop.create_server(make, sock=sock, backlog=BACKLOG)
            host, port = sock.getsockname()[:2]
            self.addresses.append(f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}")
        self._servers.append(server)

    async def close(self, grace: float = GRACE) -> None:
        """Accepts no more; what is under way gets `grace` seconds, endless streams none."""
        for server in self._servers:
            server.close()
        for path, inode in self._files:
            remove_socket(path, inode)
        for session in list(self._sessions):
            session.stop()
        if self._sessions:
            await asyncio.wait(list(self._sessions.values()), timeout=grace)
        for task in list(self._sessions.values()):
            task.cancel()

    def _make_channel(self) -> Channel:
        return Channel(self._on_open)

    def _on_open(self, channel: Channel) -> None:
        session = Session(channel, self._handler)
        task = self._jobs.create_task(session.run(), name="connection")
        self._sessions[session] = task
        task.add_done_callback(lambda _: self._sessions.pop(session, None))


@asynccontextmanager
async def serving(handler: Handler, listeners: Sequence[Listener], grace: float = GRACE) -> AsyncIterator[Server]:
    """Serves as long as the body runs. Raises BadListener before it does."""
    failure: BaseException | None = None
    async with asyncio.TaskGroup() as jobs:
        server = Server(handler, jobs)
        try:
            for listener in listeners:
                await server.open(listener)
            yield server
        except BaseException as error:  # raised again below, outside the group that would wrap it
            failure = error
        finally:
            await server.close(grace)
    if failure is not None:
        raise failure
