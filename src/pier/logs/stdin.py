"""The write end of a process's standard input."""

import asyncio
import os

from pier.domain.errors import Conflict
from pier.logs.source import enlarge

_FIRST_TRY = 0.005
_LAST_TRY = 0.1
_OPEN_TIMEOUT = 60.0


class Stdin:
    """Opened lazily, as a FIFO cannot be opened for writing before somebody has it open for reading.

    Never opened for reading too, not even for a moment: the process would never see the end of its input.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._closed = asyncio.Event()
        self._lock = asyncio.Lock()  # chunks of several writers do not mix
        self._waiter: asyncio.Future[None] | None = None

    async def write(self, data: bytes) -> None:
        """Waits while the process does not read. Raises Conflict when it is gone or its input closed."""
        async with self._lock:
            if self._descriptor < 0:
                await self._open()
            rest = memoryview(data)
            while rest:
                self._require_open()
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:
                    await self._writable()
                except BrokenPipeError:
                    self.close()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise Conflict(f"the standard input behind {self._path} is closed")

    async def _open(self) -> None:
        """Tries until the shim has opened its end, which it does while the task is created."""
        delay = _FIRST_TRY
        waited = 0.0
        while True:
            self._require_open()
            try:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if waited >= _OPEN_TIMEOUT or isinstance(error, FileNotFoundError):
                    raise Conflict(f"nobody reads the standard input behind {self._path}: {error.strerror}") from None
            else:
                enlarge(self._descriptor)
                return
            await self._pause(delay)
            waited += delay
            delay = min(delay * 2, _LAST_TRY)

    async def _pause(self, delay: float) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), delay)
        except TimeoutError:
            return

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_writer(self._descriptor, _settle, ready)
        self._waiter = ready
        try:
            await ready
        finally:
            self._waiter = None
            if not self._closed.is_set():  # else close() has removed it, and the number may be another's by now
                loop.remove_writer(self._descriptor)

    def close(self) -> None:
        """The process sees the end of its input once the shim has closed its own write end too."""
        self._closed.set()
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
        if self._waiter is not None:
            _settle(self._waiter)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
