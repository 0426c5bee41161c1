"""The loop behind run, start -a, attach and exec: a hijacked connection, the standard streams and signals, in one poll.

One thread, so no byte waits for a lock, and every buffer is bounded: stdin is read only while nothing is waiting to be
sent, and output is written before more is received. The loop ends when the engine closes the stream (and, if asked to,
has told the exit code), when the detach keys are typed, or when the engine goes away.
"""

import os
import select

from pier.cli.detach import DetachFilter
from pier.cli.errors import CliError
from pier.cli.terminal import STDERR, STDIN, STDOUT
from pier.wire.frames import SYSTEM_ERROR, FrameReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pier.cli.signals import SignalPipe
    from pier.client.client import Hijacked

_READ_SIZE = 65536
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
_SHUT_WR = 1


class StreamLoop:
    """Copies between one hijacked stream and this process's standard streams.

    `keys` are the detach keys, watched for in stdin when not empty. `on_signal` gets the number of each signal from
    `signals`. `exit_status` is a descriptor that becomes readable when the exit code is known (None: do not wait).
    """

    def __init__(
        self,
        stream: "Hijacked",
        *,
        terminal: bool,
        stdin: bool,
        keys: bytes = b"",
        signals: "SignalPipe | None" = None,
        on_signal: "Callable[[int], None] | None" = None,
        exit_status: int | None = None,
        outputs: "tuple[int, int]" = (STDOUT, STDERR),
        input_fd: int = STDIN,
    ) -> None:
        self.detached = False
        self._stream = stream
        self._socket = stream.socket
        self._frames = None if terminal else FrameReader()
        self._filter = DetachFilter(keys) if keys else None
        self._stdin: int | None = input_fd if stdin else None
        self._outputs = outputs
        self._signals = signals
        self._on_signal = on_signal
        self._exit_status = exit_status
        self._pending = memoryview(b"")
        self._open = True
        self._half_closed = False
        self._poll = select.poll()

    def run(self) -> None:
        """Copy until the end. Raises ValueError on output that is not framed as announced."""
        self._socket.setblocking(False)
        self._deliver(self._stream.early)
        while not self.detached and (self._open or self._exit_status is not None):
            self._watch()
            for fd, events in self._poll.poll():
                self._handle(fd, events)
                if self.detached:
                    break

    def _watch(self) -> None:
        """Register what may make progress now."""
        self._poll = select.poll()
        if self._open:
            wanted = select.POLLIN | (select.POLLOUT if self._pending else 0)
            self._poll.register(self._socket.fileno(), wanted)
            if self._stdin is not None and not self._pending:
                self._poll.register(self._stdin, select.POLLIN)
        if self._signals is not None:
            self._poll.register(self._signals.fileno(), select.POLLIN)
        if self._exit_status is not None:
            self._poll.register(self._exit_status, select.POLLIN)

    def _handle(self, fd: int, events: int) -> None:
        if self._signals is not None and fd == self._signals.fileno():
            for number in self._signals.take():
                if self._on_signal is not None:
                    self._on_signal(number)
        elif fd == self._exit_status:
            self._exit_status = None
        elif self._stdin is not None and fd == self._stdin:
            self._read_stdin()
        elif self._open:
            if events & select.POLLOUT:
                self._send()
            if events & _READABLE:
                self._receive()

    def _read_stdin(self) -> None:
        try:
            data = os.read(STDIN if self._stdin is None else self._stdin, _READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # the terminal has gone: the end of input
        if self._filter is not None:
            passed = self._filter.feed(data)
            self.detached = self._filter.detached
        else:
            passed = data
        if not data:
            self._stdin = None
        self._pending = memoryview(passed)
        self._send()

    def _send(self) -> None:
        try:
            while self._pending:
                self._pending = self._pending[self._socket.send(self._pending) :]
        except BlockingIOError:
            return
        except OSError:
            self._pending = memoryview(b"")
            self._stdin = None  # nobody takes input any more; output may still come
            return
        if self._stdin is None and not self._half_closed:
            self._half_closed = True
            try:
                self._socket.shutdown(_SHUT_WR)
            except OSError:
                return

    def _receive(self) -> None:
        try:
            data = self._socket.recv(_READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._open = False
            self._socket.close()
            return
        self._deliver(data)

    def _deliver(self, data: bytes) -> None:
        if not data:
            return
        if self._frames is None:
            write_all(self._outputs[0], data)
            return
        for stream, piece in self._frames.feed(data):
            write_frame(stream, piece, self._outputs)


def write_frame(stream: int, piece: bytes, outputs: "tuple[int, int]" = (STDOUT, STDERR)) -> None:
    """Write what one frame holds to stdout or stderr. Raises CliError for a failure that the engine tells of in it."""
    if stream == SYSTEM_ERROR:
        raise CliError(f"error from daemon in stream: {piece.decode('utf-8', 'replace').rstrip()}")
    write_all(outputs[1] if stream == STDERR else outputs[0], piece)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte, also to a descriptor that somebody else has made non-blocking."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            waiter = select.poll()
            waiter.register(fd, select.POLLOUT)
            waiter.poll()
