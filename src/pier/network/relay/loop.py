"""What the relay waits with: descriptors and times, in a few lines over epoll."""

import heapq
import itertools
import select
import socket
import time
from collections.abc import Callable

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
_BOTH = select.EPOLLHUP | select.EPOLLERR
Callback = Callable[[], object]


class Loop:
    """Calls back when a descriptor is ready, again and again while it is, and when a time has come."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.watched: dict[int, dict[int, Callback]] = {}  # by descriptor, then READ or WRITE
        self.timers: list[tuple[float, int, Callback]] = []
        self.numbers = itertools.count()

    def watch(self, descriptor: int, side: int, callback: Callback | None) -> None:
        """Has `callback` called while the descriptor is ready on that side; None ends it."""
        callbacks = self.watched.setdefault(descriptor, {})
        before = sum(callbacks)
        callbacks.pop(side, None)
        if callback is not None:
            callbacks[side] = callback
        wanted = sum(callbacks)
        if not wanted:
            self.watched.pop(descriptor)
        if wanted != before:
            change = self.epoll.modify if wanted and before else self.epoll.register
            change(descriptor, wanted) if wanted else self.epoll.unregister(descriptor)

    def close(self, sock: socket.socket) -> None:
        for side in list(self.watched.get(sock.fileno(), {})):  # emptied: what is reported already is told to nobody
            self.watch(sock.fileno(), side, None)
        sock.close()

    def later(self, seconds: float, callback: Callback) -> None:
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.numbers), callback))

    def turn(self, patience: float | None) -> None:
        """Waits for something to happen, at most so many seconds, and makes the calls that are due then."""
        if self.timers:
            due = max(0.0, self.timers[0][0] - time.monotonic())
            patience = due if patience is None else min(due, patience)
        ready = self.epoll.poll(patience)
        for callbacks, events in [(self.watched[descriptor], events) for descriptor, events in ready]:
            for side in (READ, WRITE):
                if events & (side | _BOTH) and side in callbacks:
                    callbacks[side]()
        while self.timers and self.timers[0][0] <= time.monotonic():
            heapq.heappop(self.timers)[2]()
