"""pierd's side of the keeper: starts it, talks to it, and gives it everything anew should it die."""

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

from pier.domain.errors import Unavailable

_PROCESS = Path(__file__).with_name("process.py")
_PACKET = 65536
_TIMEOUT = 5.0
_START_TIMEOUT = 20.0
_RETRY = 1.0

_log = logging.getLogger(__name__)


class Keeper:
    """Holds named descriptors in a process that outlives pierd.

    What was put or taken is remembered (as duplicates), so that a keeper that died is started again and filled again:
    at once while `run` runs, else with the next call. A keeper that cannot be started costs nothing but the safety
    net, so no call fails for it; the log says so.
    """

    def __init__(self, socket_path: Path, *, idle: float = 60) -> None:
        self._path = str(socket_path)
        self._idle = idle
        self._socket: socket.socket | None = None
        self._lock = asyncio.Lock()
        self._held: dict[str, int] = {}
        self._lost = asyncio.Event()
        self._closed = False

    async def start(self) -> None:
        """Connects, starting the keeper if need be. Raises Unavailable."""
        async with self._lock:
            await self._connect()

    async def run(self) -> None:
        """Watches over the keeper until cancelled or closed; for a TaskGroup of the daemon."""
        while not self._closed:
            await self._lost.wait()
            try:
                await self.start()
            except Unavailable as error:
                _log.error("%s", error.message)
                await asyncio.sleep(_RETRY)

    async def put(self, name: str, descriptor: int) -> None:
        """The keeper gets a duplicate; a descriptor of that name that was there is replaced."""
        self._drop(name)
        self._held[name] = os.dup(descriptor)
        await self._ask(f"put {name}", put=name)

    async def take(self, name: str) -> int | None:
        """A duplicate of what was put under that name, for the caller to close; None if there is nothing."""
        answer, descriptor = await self._ask(f"take {name}")
        if answer != "ok" or descriptor is None:
            return None
        self._drop(name)
        self._held[name] = os.dup(descriptor)
        return descriptor

    async def forget(self, *names: str) -> None:
        """Unknown names are no error."""
        self._drop(*names)
        for start in range(0, len(names), 128):
            await self._ask("forget " + "\n".join(names[start : start + 128]))

    def _drop(self, *names: str) -> None:
        """Closes this side's duplicates; the keeper goes on holding its own."""
        for name in names:
            if name in self._held:
                os.close(self._held.pop(name))

    async def names(self) -> list[str]:
        """Everything that is held, in order."""
        found: list[str] = []
        while True:
            answer, _ = await self._ask(f"list {found[-1] if found else ''}")
            more = [name for name in answer.removeprefix("ok").strip().split("\n") if name]
            if not more or not answer.startswith("ok"):
                return found
            found += more

    async def close(self) -> None:
        """Disconnects; the keeper goes on holding what it has."""
        self._closed = True
        async with self._lock:
            self._disconnect()
        self._drop(*list(self._held))

    # -- one request at a time ----------------------------------------------------------------------------------------

    async def _ask(self, request: str, *, put: str = "") -> tuple[str, int | None]:
        """With the descriptor that is held under the name `put` when its turn comes: it may be forgotten by then."""
        async with self._lock:
            for _ in range(2):  # the second time with a new connection, perhaps to a new keeper
                try:
                    await self._connect()
                    if put and put not in self._held:
                        return "ok", None
                    return await self._exchange(request, (self._held[put],) if put else ())
                except (OSError, TimeoutError) as error:
                    _log.warning("the keeper at %s does not answer: %s", self._path, error)
                    self._disconnect()
                except Unavailable as error:
                    _log.error("%s; descriptors will not outlive pierd", error.message)
                    break
        return "no keeper", None

    async def _exchange(self, request: str, descriptors: tuple[int, ...]) -> tuple[str, int | None]:
        """Raises OSError, TimeoutError."""
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._socket, _settle, ready)
        try:
            socket.send_fds(self._socket, [request.encode()], descriptors)
            async with asyncio.timeout(_TIMEOUT):
                await ready
            data, received, _, _ = socket.recv_fds(self._socket, _PACKET, 1)
        except asyncio.CancelledError:
            self._disconnect()  # the answer would be taken for that of the next request
            raise
        if not data:
            raise ConnectionResetError("it has closed the connection")
        loop.add_reader(self._socket, self._disconnect)  # nothing is due now: readable means that it died
        return data.decode(), received[0] if received else None

    async def _connect(self) -> None:
        if self._socket is not None or self._closed:
            return
        try:
            self._try_connect()
        except OSError:
            await self._spawn()
            try:
                self._try_connect()
            except OSError as error:
                raise Unavailable(f"cannot reach the keeper at {self._path}: {error}") from None
        self._lost.clear()
        try:
            for name in list(self._held):
                if name in self._held:  # not forgotten meanwhile
                    await self._exchange(f"put {name}", (self._held[name],))
        except (OSError, TimeoutError) as error:
            self._disconnect()
            raise Unavailable(f"the keeper at {self._path} does not take descriptors: {error}") from None

    def _try_connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(False)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        self._socket = connection
        asyncio.get_running_loop().add_reader(connection, self._disconnect)

    async def _spawn(self) -> None:
        """Waits until the new keeper listens, at which moment its foreground process exits. Raises Unavailable."""
        null = asyncio.subprocess.DEVNULL
        command = (sys.executable, "-I", "-S", str(_PROCESS), self._path, str(self._idle))
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=null, stdout=null, stderr=null, start_new_session=True
            )
            async with asyncio.timeout(_START_TIMEOUT):
                code = await process.wait()
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"cannot start the keeper at {self._path}: {error}") from None
        if code != 0:
            raise Unavailable(f"cannot start the keeper at {self._path}: it ended with code {code}")

    def _disconnect(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            self._lost.set()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
