"""The person's terminal: raw mode that is always undone, and its size."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STDIN, STDOUT, STDERR = 0, 1, 2


def is_terminal(fd: int) -> bool:
    """Whether the descriptor is open and a terminal."""
    try:
        return os.isatty(fd)
    except OSError:
        return False


def size() -> "tuple[int, int] | None":
    """(height, width) of the terminal on stdout, stdin or stderr; None when none of them is one."""
    for fd in (STDOUT, STDIN, STDERR):
        try:
            columns, lines = os.get_terminal_size(fd)
        except OSError:
            continue
        return lines, columns
    return None


class RawMode:
    """While entered, keys reach us unchanged and unechoed. Undone on leaving, at exit, and by `restore` at any time.

    Does nothing when `fd` is no terminal. A signal that ends the process must be turned into an exception or a pipe by
    the caller (see `signals`), since the default action of the kernel leaves the terminal raw.
    """

    def __init__(self, fd: int = STDIN) -> None:
        self._fd = fd
        self._saved: list[Any] | None = None

    def __enter__(self) -> "RawMode":
        if not is_terminal(self._fd):
            return self
        import atexit
        import termios

        self._saved = termios.tcgetattr(self._fd)
        atexit.register(self.restore)
        termios.tcsetattr(self._fd, termios.TCSADRAIN, _raw(self._saved))
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Give the terminal its old settings back; harmless when done twice."""
        if self._saved is None:
            return
        import atexit
        import termios

        saved, self._saved = self._saved, None
        atexit.unregister(self.restore)
        try:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, saved)
        except termios.error:
            return  # the terminal has gone


def _raw(settings: "list[Any]") -> "list[Any]":
    """Settings with all processing off (what cfmakeraw(3) does), reads returning after one byte."""
    import termios

    iflag, oflag, cflag, lflag, ispeed, ospeed, characters = settings
    iflag &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
    )
    oflag &= ~termios.OPOST
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    characters = list(characters)
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, characters]
