"""Hands log records on to another log (journald, syslog) from a thread of its own.

The container and its log file never wait for that: what the other side does not take in time is left out there, and
pierd's log says how much. After a kill of pierd the last batch may be sent twice.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from pier.logs.formats import Record

BOUND = 4 << 20  # bytes of text that wait
FLUSH = 5.0  # seconds that the end of a container leaves for the rest
RETRY = 1.0

_log = logging.getLogger(__name__)


class Sender(Protocol):
    """One connection to the other log. Raises OSError; the next call tries again from the beginning."""

    def send(self, record: Record) -> None: ...
    def close(self) -> None: ...


class Forwarder:
    """`put` and `close` never wait; what is queued at the end has a few seconds more."""

    def __init__(self, name: str, connect: Callable[[], Sender]) -> None:
        """`name` is how messages call the other side."""
        self._name = name
        self._connect = connect
        self._queue: deque[Record] = deque()
        self._held = 0
        self._dropped = 0
        self._deadline = 0.0  # set by close
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, records: Sequence[Record]) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pier-log-forward", daemon=True)
                self._thread.start()
            for record in records:
                size = len(record.text)
                if self._held + size > BOUND:
                    self._dropped += 1
                    continue
                self._queue.append(record)
                self._held += size
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._deadline = time.monotonic() + FLUSH
            self._changed.notify()

    def join(self) -> None:
        """Waits until nothing more will be sent."""
        if self._thread is not None:
            self._thread.join()

    def _next(self) -> Record | None:
        with self._changed:
            while not self._queue and not self._deadline:
                self._changed.wait()
            return self._queue[0] if self._queue else None

    def _done(self) -> None:
        with self._changed:
            self._held -= len(self._queue.popleft().text)

    def _run(self) -> None:
        self._send_all()
        left = self._dropped + len(self._queue)
        if left:
            _log.warning("%d lines were not handed on to %s", left, self._name)

    def _send_all(self) -> None:
        sender: Sender | None = None
        warned = False
        while (record := self._next()) is not None:
            try:
                sender = sender or self._connect()
                sender.send(record)
            except OSError as error:
                if not warned:
                    _log.warning("cannot hand a log on to %s, trying again: %s", self._name, error)
                warned = True
                if sender is not None:
                    sender.close()
                sender = None
                with self._changed:
                    if self._deadline and time.monotonic() >= self._deadline:
                        return
                    self._changed.wait(RETRY)
                continue
            warned = False
            self._done()
        if sender is not None:
            sender.close()
