"""A command on a terminal of its own, as a person would use it: type, read the screen, resize."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from types import TracebackType

from support.engine import client_environment, kill_quietly
from support.wait import PATIENCE


class Terminal:
    """A command on a new pseudo-terminal. A context manager: what still runs at its end is killed."""

    def __init__(self, args: Sequence[str], *, rows: int = 24, columns: int = 80) -> None:
        environment = client_environment()
        self.fd, slave = pty.openpty()
        self.screen = b""
        self.resize(rows, columns)  # before the command can ask for it
        self.before = self.settings()  # and before it can change them
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(slave)
            os.execvpe(args[0], list(args), environment)
        os.close(slave)
        self._status: int | None = None

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._status is None:
            kill_quietly(self.pid)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def resize(self, rows: int, columns: int) -> None:
        """Changes the window and tells the command so."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def settings(self) -> list[object]:
        """The terminal's modes, as termios gives them."""
        return list(termios.tcgetattr(self.fd))

    def send(self, text: str) -> None:
        """Types."""
        os.write(self.fd, text.encode())

    def interrupt(self) -> None:
        """SIGINT to the command, as another process would send it."""
        os.kill(self.pid, signal.SIGINT)

    def expect(self, text: str, *, timeout: float = 20.0) -> str:
        """Reads until `text` is on the screen, and takes the screen up to there away."""
        deadline = time.monotonic() + timeout * PATIENCE
        wanted = text.encode()
        while wanted not in self.screen:
            if not self._read(deadline):
                raise AssertionError(f"not on the terminal: {text!r}; its end is {self._end()!r}")
        seen, _, self.screen = self.screen.partition(wanted)
        return seen.decode(errors="replace")

    def wait(self, *, timeout: float = 30.0) -> int:
        """Reads to the end and returns the exit code, 128 + n for signal n."""
        deadline = time.monotonic() + timeout * PATIENCE
        while self._read(deadline):
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"did not end; the terminal's end is {self._end()!r}")
        _, status = os.waitpid(self.pid, 0)
        self._status = status
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def _end(self) -> str:
        return self.screen[-600:].decode(errors="replace")

    def _read(self, deadline: float) -> bool:
        """Reads some more; False at the end of the output or after the deadline."""
        ready, _, _ = select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: the last process with the terminal open has gone
            return False
        self.screen += data
        return bool(data)
