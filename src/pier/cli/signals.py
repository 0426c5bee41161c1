"""Signals as bytes on a pipe, so that one poll loop sees them beside sockets and terminals.

The C module behind `signal` is used directly: `signal` itself imports enum, which costs more than a round trip to the
engine.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Iterable
else:
    import _signal

SIGHUP, SIGINT, SIGQUIT, SIGTERM = _signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM
SIGWINCH, SIGUSR1, SIGUSR2, SIGALRM = _signal.SIGWINCH, _signal.SIGUSR1, _signal.SIGUSR2, _signal.SIGALRM
ENDING = (SIGHUP, SIGINT, SIGQUIT, SIGTERM)
NAMES = {
    int(SIGHUP): "HUP",
    int(SIGINT): "INT",
    int(SIGQUIT): "QUIT",
    int(SIGTERM): "TERM",
    int(SIGUSR1): "USR1",
    int(SIGUSR2): "USR2",
    int(SIGALRM): "ALRM",
    int(SIGWINCH): "WINCH",
}


class SignalPipe:
    """While entered, the given signals do nothing but appear as bytes (their numbers) on `fileno()`."""

    def __init__(self, signals: "Iterable[int]") -> None:
        self._signals = tuple(signals)
        self._previous: list[tuple[int, object]] = []
        self._reader, self._writer = os.pipe()
        for fd in (self._reader, self._writer):
            os.set_blocking(fd, False)

    def __enter__(self) -> "SignalPipe":
        for number in self._signals:
            self._previous.append((number, _signal.signal(number, self._note)))
        return self

    def __exit__(self, *_: object) -> None:
        while self._previous:
            number, handler = self._previous.pop()
            _signal.signal(number, handler if handler is not None else _signal.SIG_DFL)  # type: ignore[arg-type]
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """The descriptor to poll for reading."""
        return self._reader

    def take(self) -> "list[int]":
        """The numbers of the signals that arrived since the last call."""
        try:
            return list(os.read(self._reader, 4096))
        except BlockingIOError:
            return []

    def _note(self, number: int, _: object) -> None:
        try:
            os.write(self._writer, bytes((number,)))
        except BlockingIOError:
            return  # thousands of signals are waiting to be read; one less does not matter


def die_by(number: int) -> None:
    """End this process as the signal would have ended it."""
    _signal.signal(number, _signal.SIG_DFL)
    os.kill(os.getpid(), number)
