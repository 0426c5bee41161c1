"""What is alive about containers and lives in memory alone: locks, streams, and who waits for what."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from pier.engine.ports import Stream


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a waiter gets: the exit code, and why waiting itself failed, if it did."""

    exit_code: int
    error: str = ""


@dataclass(slots=True)
class _Inside:
    """Who is in the middle of something, and a way to wait until nobody is."""

    count: int = 0
    _left: asyncio.Event | None = None  # only while somebody waits: most containers never need one

    @contextmanager
    def stay(self) -> Iterator[None]:
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1
            if not self.count and self._left is not None:
                self._left.set()
                self._left = None

    async def gone(self, seconds: float) -> bool:
        """False if somebody still is there after that time."""
        if not self.count:
            return True
        left = self._left = self._left or asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await left.wait()
        except TimeoutError:
            return False
        return True


@dataclass(slots=True)
class _Life:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    stream: asyncio.Future[Stream] | None = None
    exits: set[asyncio.Future[Outcome]] = field(default_factory=set)
    removals: set[asyncio.Future[Outcome]] = field(default_factory=set)
    execs: set[str] = field(default_factory=set)
    oom_seen: bool = False
    stop_noted: bool = False
    writers: _Inside = field(default_factory=_Inside)
    entering: _Inside = field(default_factory=_Inside)
    stopping: _Inside = field(default_factory=_Inside)
    restarting: _Inside = field(default_factory=_Inside)
    removing: _Inside = field(default_factory=_Inside)


class Live:
    """By container id.

    A container's lock is held while its task is made, while its exit is settled, and while it is removed, renamed,
    paused or resumed. It is never held while somebody waits for a process to end: stop and kill work without it.
    """

    def __init__(self) -> None:
        self._lives: defaultdict[str, _Life] = defaultdict(_Life)
        self.is_closing = False  # all containers are brought down: none may start any more
        self.names: set[str] = set()  # names that creates and renames on their way are about to take

    def lock(self, container_id: str) -> asyncio.Lock:
        return self._lives[container_id].lock

    # -- streams ----------------------------------------------------------------------------------------------------

    def stream(self, container_id: str) -> Stream | None:
        """The streams of the present run."""
        life = self._lives.get(container_id)  # to ask for one that is gone must not bring it back
        future = life.stream if life else None
        return future.result() if future is not None and future.done() and not future.cancelled() else None

    def next_stream(self, container_id: str) -> asyncio.Future[Stream]:
        """The streams of the present run, or of the next one when it comes; cancelled when the container is removed."""
        life = self._lives[container_id]
        if life.stream is None:
            life.stream = asyncio.get_running_loop().create_future()
        return life.stream

    def set_stream(self, container_id: str, stream: Stream) -> None:
        self.next_stream(container_id).set_result(stream)

    def clear_stream(self, container_id: str) -> None:
        """The run is over; who attaches now waits for the next."""
        life = self._lives[container_id]
        if life.stream is not None and life.stream.done():
            life.stream = None

    # -- waiters ----------------------------------------------------------------------------------------------------

    def expect_exit(self, container_id: str) -> asyncio.Future[Outcome]:
        """Resolved when the next run that ends is over: its exit recorded, its output read to the last byte."""
        return self._expect(self._lives[container_id].exits)

    def expect_removal(self, container_id: str) -> asyncio.Future[Outcome]:
        """Resolved when the container is gone and its name is free."""
        return self._expect(self._lives[container_id].removals)

    @staticmethod
    def _expect(waiters: set[asyncio.Future[Outcome]]) -> asyncio.Future[Outcome]:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiters.add(future)
        future.add_done_callback(waiters.discard)
        return future

    def exited(self, container_id: str, outcome: Outcome) -> None:
        _resolve(self._lives[container_id].exits, outcome)

    def removed(self, container_id: str, outcome: Outcome) -> None:
        """Tells all who wait and forgets the container."""
        life = self._lives.pop(container_id, None)
        if life is None:
            return
        _resolve(life.exits, outcome)
        _resolve(life.removals, outcome)
        if life.stream is not None and not life.stream.done():
            life.stream.cancel()

    # -- flags ------------------------------------------------------------------------------------------------------

    def stopping(self, container_id: str) -> AbstractContextManager[None]:
        """Around a stop: the exit in its middle is published as `stop`, `die`."""
        return self._lives[container_id].stopping.stay()

    def is_stopping(self, container_id: str) -> bool:
        return container_id in self._lives and self._lives[container_id].stopping.count > 0

    def restarting(self, container_id: str) -> AbstractContextManager[None]:
        """Around a restart by the user: the exit in its middle is no reason to remove an AutoRemove container."""
        return self._lives[container_id].restarting.stay()

    def is_restarting(self, container_id: str) -> bool:
        return container_id in self._lives and self._lives[container_id].restarting.count > 0

    def removing(self, container_id: str) -> AbstractContextManager[None]:
        """Around a removal by force: who was brought down for it must not be started any more."""
        return self._lives[container_id].removing.stay()

    def is_removing(self, container_id: str) -> bool:
        return container_id in self._lives and self._lives[container_id].removing.count > 0

    def writing(self, container_id: str) -> AbstractContextManager[None]:
        """Around what writes into a container's files through a mount of its own."""
        return self._lives[container_id].writers.stay()

    async def writers_gone(self, container_id: str, seconds: float) -> bool:
        """Waits until nobody writes into its files; False if somebody still does after that time."""
        return await self._lives[container_id].writers.gone(seconds)

    def entering(self, container_id: str) -> AbstractContextManager[None]:
        """Around the start of a further process; begun under the container's lock, which whoever freezes it holds.

        A process that joins a cgroup while that is frozen stands still half-made, and the shim with it.
        """
        return self._lives[container_id].entering.stay()

    async def all_entered(self, container_id: str, seconds: float) -> bool:
        """Waits until no further process is being started; False if one still is after that time."""
        return await self._lives[container_id].entering.gone(seconds)

    def note_oom(self, container_id: str) -> None:
        self._lives[container_id].oom_seen = True

    def take_oom(self, container_id: str) -> bool:
        life = self._lives[container_id]
        seen, life.oom_seen = life.oom_seen, False
        return seen

    def note_stop(self, container_id: str, *, by_user: bool) -> None:
        """The user wants it down, which could not be recorded; its exit will be."""
        self._lives[container_id].stop_noted = by_user

    def is_stop_noted(self, container_id: str) -> bool:
        return container_id in self._lives and self._lives[container_id].stop_noted

    def execs(self, container_id: str) -> set[str]:
        """Ids of the execs that run in it now; to be changed while the container is there."""
        return self._lives[container_id].execs if container_id in self._lives else set()


def _resolve(waiters: set[asyncio.Future[Outcome]], outcome: Outcome) -> None:
    for future in list(waiters):
        if not future.done():
            future.set_result(outcome)
