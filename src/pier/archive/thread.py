"""Bytes between the loop and a thread: bounded both ways, so that neither side runs ahead of the other.

Reading and writing files blocks, and a copy lasts as long as its slowest end; each has a thread of its own rather than
one of the few that everything else shares.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
LIMIT = 4 << 20  # bytes that wait between the two sides


class Abandoned(Exception):
    """The other side has gone: there is nobody to work for."""


class _Queue:
    """Chunks under one lock. The loop is woken by a future, a thread by the condition."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._condition = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._abandoned = False
        self._waiter: asyncio.Future[None] | None = None

    def _push(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)

    def _pop(self) -> bytes:
        data = self._chunks.popleft()
        self._size -= len(data)
        return data

    def _wait_on_loop(self) -> asyncio.Future[None]:
        """Made under the lock, awaited without it."""
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake_loop(self) -> None:
        """From the thread, under the lock."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            with suppress(RuntimeError):  # the loop is closed: pierd ends
                self._loop.call_soon_threadsafe(_settle, waiter)


class FromThread(_Queue):
    """The thread puts, the loop gets."""

    def put(self, data: bytes) -> None:
        """From the thread; waits while LIMIT bytes lie there. Raises Abandoned."""
        with self._condition:
            while self._size >= LIMIT and not self._abandoned:
                self._condition.wait()
            if self._abandoned:
                raise Abandoned
            self._push(data)
            self._wake_loop()

    def end(self) -> None:
        """From the thread: nothing more comes."""
        with self._condition:
            self._ended = True
            self._wake_loop()

    async def get(self) -> bytes:
        """`b""` at the end."""
        while True:
            with self._condition:
                if self._chunks:
                    data = self._pop()
                    if self._size < LIMIT:
                        self._condition.notify()
                    return data
                if self._ended:
                    return b""
                waiter = self._wait_on_loop()
            await waiter

    def abandon(self) -> None:
        """From the loop: nobody wants the rest."""
        with self._condition:
            self._abandoned = True
            self._condition.notify()


class ToThread(_Queue):
    """The loop puts, the thread gets."""

    async def put(self, data: bytes) -> None:
        """Waits while LIMIT bytes lie there; what comes after the thread has ended is dropped."""
        while True:
            with self._condition:
                if self._abandoned:
                    return
                if self._size < LIMIT:
                    self._push(data)
                    self._condition.notify()
                    return
                waiter = self._wait_on_loop()
            await waiter

    def end(self, *, complete: bool) -> None:
        """From the loop: nothing more comes; not `complete` when the sender broke off."""
        with self._condition:
            self._ended = True
            if not complete:
                self._abandoned = True
            self._condition.notify()

    def get(self) -> list[bytes]:
        """From the thread: all that lies there, nothing at the end. Raises Abandoned when the sender broke off.

        All at once, as every change of threads costs more than writing a chunk does.
        """
        with self._condition:
            while not self._chunks and not self._ended:
                self._condition.wait()
            if self._abandoned:
                raise Abandoned
            data = list(self._chunks)
            self._chunks.clear()
            self._size = 0
            self._wake_loop()
            return data

    def leave(self) -> None:
        """From the thread: it takes no more."""
        with self._condition:
            self._abandoned = True
            self._chunks.clear()
            self._wake_loop()


def run_in_thread(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Starts `work` in a thread of its own; its result, or what it raised. Cancelling the future does not stop it."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            failure = error
            report: Callable[[], None] = lambda: _fail(outcome, failure)  # noqa: E731  # bound to this outcome
        else:
            report = lambda: _finish(outcome, result)  # noqa: E731  # bound to this outcome
        threading.current_thread().name = f"{name}, done"  # what looks at threads sees that this one works no more
        with suppress(RuntimeError):  # the loop is closed: pierd ends
            loop.call_soon_threadsafe(report)

    threading.Thread(target=run, name=name, daemon=True).start()
    return outcome


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _finish(outcome: asyncio.Future[T], result: T) -> None:
    if not outcome.done():
        outcome.set_result(result)


def _fail(outcome: asyncio.Future[T], error: BaseException) -> None:
    if not outcome.done():
        outcome.set_exception(error)
        outcome.exception()  # taken notice of, also when nobody asks any more
