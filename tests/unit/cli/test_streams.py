"""The copy loop between socket pairs and pipes."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TypedDict, Unpack

import pytest
from fakes.http_engine import frame

from pier.cli.signals import SignalPipe
from pier.cli.streams import StreamLoop, write_all
from pier.client.client import Hijacked


class LoopOptions(TypedDict, total=False):
    """What a test says of the loop, if not the usual."""

    terminal: bool
    stdin: bool
    keys: bytes
    signals: SignalPipe
    on_signal: Callable[[int], None]
    exit_status: int


class Ends:
    """The engine's end of the stream, what may be typed, and what came out."""

    def __init__(self) -> None:
        self.engine, self.client = socket.socketpair()
        self.stdin, self.keys = os.pipe()
        self._out, self._err = os.pipe(), os.pipe()
        self.outputs = (self._out[1], self._err[1])

    def loop(self, early: bytes = b"", **options: Unpack[LoopOptions]) -> StreamLoop:
        chosen: LoopOptions = {"terminal": False, "stdin": True, **options}
        stream = Hijacked(self.client, early, "")
        return StreamLoop(stream, outputs=self.outputs, input_fd=self.stdin, **chosen)

    def printed(self) -> tuple[bytes, bytes]:
        texts = []
        for read, write in (self._out, self._err):
            os.set_blocking(read, False)
            try:
                texts.append(os.read(read, 1 << 20))
            except BlockingIOError:
                texts.append(b"")
            assert write >= 0
        out, err = texts
        return out, err

    def close(self) -> None:
        self.engine.close()
        self.client.close()
        self.close_keys()
        for fd in (self.stdin, *self._out, *self._err):
            os.close(fd)

    def close_keys(self) -> None:
        """The end of what is typed."""
        if self.keys >= 0:
            os.close(self.keys)
            self.keys = -1


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    ends.close()


def test_frames_go_to_stdout_and_stderr_also_those_that_came_early(ends: Ends) -> None:
    data = frame(1, b"out") + frame(2, b"err") + frame(1, b"!")
    ends.engine.sendall(data[5:])
    ends.engine.close()
    ends.loop(early=data[:5]).run()
    assert ends.printed() == (b"out!", b"err")


def test_a_terminal_s_bytes_are_not_framed(ends: Ends) -> None:
    ends.engine.sendall(b"\x01raw")
    ends.engine.close()
    ends.loop(terminal=True).run()
    assert ends.printed() == (b"\x01raw", b"")


def test_output_that_is_not_framed_is_an_error(ends: Ends) -> None:
    ends.engine.sendall(b"HTTP/1.1 500")
    ends.engine.close()
    with pytest.raises(ValueError):
        ends.loop().run()


def test_the_end_of_stdin_closes_one_direction_only(ends: Ends) -> None:
    os.write(ends.keys, b"typed")
    ends.close_keys()

    def engine() -> None:
        data = b""
        while piece := ends.engine.recv(100):
            data += piece
        ends.engine.sendall(frame(1, data.upper()))
        ends.engine.close()

    thread = threading.Thread(target=engine)
    thread.start()
    ends.loop().run()
    thread.join(10)
    assert ends.printed() == (b"TYPED", b"")


def test_without_stdin_nothing_is_read_and_nothing_closed(ends: Ends) -> None:
    os.write(ends.keys, b"typed")
    ends.engine.sendall(frame(1, b"x"))
    ends.engine.shutdown(socket.SHUT_WR)
    ends.loop(stdin=False).run()
    assert os.read(ends.stdin, 10) == b"typed"
    assert ends.engine.recv(10) == b""  # only by the close at the end


def test_much_in_both_directions_does_not_block(ends: Ends) -> None:
    size = 5_000_000

    def type_all() -> None:
        write_all(ends.keys, b"i" * size)
        ends.close_keys()

    def echo() -> None:
        left = size
        while left:
            data = ends.engine.recv(65536)
            left -= len(data)
            ends.engine.sendall(frame(1, data))
        ends.engine.close()

    got = [0]

    def drain() -> None:
        while got[0] < size:
            got[0] += len(os.read(ends._out[0], 65536))

    threads = [threading.Thread(target=work) for work in (type_all, echo, drain)]
    for thread in threads:
        thread.start()
    ends.loop().run()
    for thread in threads:
        thread.join(30)
    assert got[0] == size


def test_detach_keys_end_the_loop_and_what_came_before_is_sent(ends: Ends) -> None:
    os.write(ends.keys, b"ab\x10\x11cd")
    loop = ends.loop(terminal=True, keys=b"\x10\x11")
    loop.run()
    assert loop.detached
    ends.client.close()
    assert ends.engine.recv(10) == b"ab"


def test_the_loop_waits_for_the_exit_code_after_the_stream_has_ended(ends: Ends) -> None:
    ready, tell = os.pipe()
    ends.engine.close()
    thread = threading.Thread(target=ends.loop(stdin=False, exit_status=ready).run)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    os.write(tell, b"x")
    thread.join(10)
    assert not thread.is_alive()
    os.close(ready)
    os.close(tell)


def test_signals_reach_their_handler(ends: Ends) -> None:
    seen: list[int] = []

    def note(number: int) -> None:
        seen.append(number)
        ends.engine.close()

    with SignalPipe([signal.SIGUSR1]) as signals:
        signal.raise_signal(signal.SIGUSR1)
        ends.loop(stdin=False, signals=signals, on_signal=note).run()
    assert seen == [signal.SIGUSR1]


def test_an_engine_that_takes_no_more_input_may_still_speak(ends: Ends) -> None:
    ends.engine.shutdown(socket.SHUT_RD)
    os.write(ends.keys, b"typed")
    ends.engine.sendall(frame(1, b"bye"))
    thread = threading.Thread(target=ends.loop().run)
    thread.start()
    ends.engine.shutdown(socket.SHUT_WR)
    thread.join(10)
    assert ends.printed() == (b"bye", b"")
