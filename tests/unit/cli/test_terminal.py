import fcntl
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.http_engine import Request

from pier.cli.terminal import RawMode, is_terminal, size


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def local_flags(fd: int) -> int:
    flags: int = termios.tcgetattr(fd)[3]
    return flags


def test_raw_mode_is_on_inside_and_off_after(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    before = termios.tcgetattr(slave)
    with RawMode(slave):
        assert not local_flags(slave) & (termios.ECHO | termios.ICANON | termios.ISIG)
    assert termios.tcgetattr(slave) == before


def test_raw_mode_is_off_after_an_exception_and_restore_may_come_early(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    before = termios.tcgetattr(slave)

    def fail() -> None:
        with RawMode(slave) as raw:
            raw.restore()
            assert termios.tcgetattr(slave) == before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert termios.tcgetattr(slave) == before


def test_what_is_no_terminal_is_left_alone(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w") as file, RawMode(file.fileno()):
        assert not is_terminal(file.fileno())
    with RawMode(-1):
        assert not is_terminal(-1)


def test_raw_mode_is_undone_at_exit(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    before = termios.tcgetattr(slave)
    program = (
        "import sys, termios; from pier.cli.terminal import RawMode\n"
        "raw = RawMode(0); raw.__enter__()\n"
        "assert not termios.tcgetattr(0)[3] & termios.ECHO\n"
        "sys.exit(3)"
    )
    assert subprocess.run([sys.executable, "-c", program], stdin=slave, check=False, timeout=60).returncode == 3
    assert termios.tcgetattr(slave) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_that_ends_an_exec_leaves_the_terminal_as_it_was(
    terminal: tuple[int, int], tmp_path: Path, number: int
) -> None:
    """The whole command: exec -it against an engine that never ends the stream, then a signal."""
    from fakes.http_engine import HttpEngine, hijack

    master, slave = terminal
    before = termios.tcgetattr(slave)
    with HttpEngine(tmp_path / "engine.sock") as engine:
        engine.answer("POST", "/containers/x/exec", {"Id": "e"}, 201)
        engine.answer("POST", "/exec/e/resize", None)

        def start(_: Request, connection: socket.socket) -> None:
            hijack(connection, b"READY")
            connection.recv(1)

        engine.routes["POST", "/exec/e/start"] = start
        command = [sys.executable, "-m", "pier", "-H", engine.address, "exec", "-it", "x", "sh"]
        process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        shown = b""
        while b"READY" not in shown:
            shown += os.read(master, 1024)
        assert not local_flags(slave) & termios.ECHO
        process.send_signal(number)
        assert process.wait(60) == -number
    assert termios.tcgetattr(slave) == before


def test_size_is_height_and_width(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 90, 0, 0))
    program = "from pier.cli.terminal import size; import sys; sys.exit(size() != (25, 90))"
    assert subprocess.run([sys.executable, "-c", program], stdin=slave, check=False, timeout=60).returncode == 0
    here = size()
    assert here is None or len(here) == 2
