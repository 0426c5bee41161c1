"""pierd's side of the relay: starts it, tells it what to serve, and tells it everything anew should it die."""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pier.domain.errors import Unavailable

# Neither the environment nor site-packages counts, and no package of Pier's but this one is imported.
_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); from pier.network.relay.process import main; "
    "main(sys.argv[2], float(sys.argv[3]))"
)
_SOURCES = Path(__file__).parents[3]
_PACKET = 65536
_TIMEOUT = 5.0
_START_TIMEOUT = 20.0
_TRIES = 5
_PAUSE = 0.05  # seconds between two tries
_STOPPED = 128  # names in one packet

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """A bound IPv6 socket, and the address in a container where what comes to it goes."""

    sock: socket.socket
    protocol: str
    address: str
    port: int


def command(path: str, idle: float) -> list[str]:
    """What starts a relay that listens at `path` and ends when nobody has needed it for `idle` seconds."""
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_SOURCES), path, str(idle)]


class Relay:
    """One engine's relay process. All methods block for a moment and may be called from any thread; they take turns."""

    def __init__(self, path: Path, *, idle: float = 10) -> None:
        self._path = str(path)
        self._idle = idle
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._served: dict[str, Served] = {}

    def serve(self, name: str, served: Served) -> None:
        """Serves it until stopped, also when pierd dies; the socket stays the caller's. Raises Unavailable."""
        with self._lock:
            if not self._served:
                self._require_process()
            self._served[name] = served
            try:
                self._ask_surely(name)
            except Unavailable:
                del self._served[name]
                raise

    def stop(self, *names: str) -> None:
        """Closes the relay's copies; connections that are open go on. Unknown names, or no relay, are no error."""
        with self._lock:
            known = [name for name in names if self._served.pop(name, None)]
            self._stop(known)
            if not self._served:
                self._disconnect()

    def adopt(self, kept: Collection[str]) -> None:
        """At the start of pierd: stops what the relay of before serves and `kept` does not name."""
        with self._lock:
            try:
                self._connect()
            except OSError:  # there is none
                return
            try:
                self._stop([name for name in self._names() if name not in kept])
            finally:
                if not self._served:
                    self._disconnect()

    def refresh(self) -> None:
        """Starts a relay that died anew, and says so in the log."""
        with self._lock:
            if self._served and set(self._served) - set(self._names()):
                _log.warning("the relay at %s did not serve all IPv6 ports: telling it anew", self._path)
                self._disconnect()
                self._require_process()

    def close(self) -> None:
        """Disconnects; the relay goes on."""
        with self._lock:
            self._disconnect()
            self._served.clear()

    def _stop(self, names: list[str]) -> None:
        for start in range(0, len(names), _STOPPED):
            try:
                self._ask("stop " + "\n".join(names[start : start + _STOPPED]))
            except OSError:  # it has died, and its sockets with it
                self._disconnect()
                return

    def _names(self) -> list[str]:
        """What it serves; nothing when it does not answer."""
        try:
            return self._ask("list").removeprefix("ok").split()
        except OSError:
            self._disconnect()
            return []

    def _ask_surely(self, name: str) -> None:
        for _ in range(2):
            try:
                self._tell(name)
            except OSError:
                self._disconnect()
                self._require_process()
            else:
                return
        raise Unavailable(f"the relay at {self._path} does not answer")

    def _tell(self, name: str) -> None:
        """Raises OSError, Unavailable."""
        served = self._served[name]
        answer = self._ask(f"serve {name} {served.protocol} {served.address} {served.port}", served.sock.fileno())
        if answer != "ok":
            raise Unavailable(f"the relay cannot serve {name}: {answer.removeprefix('no ')}")

    def _ask(self, request: str, *descriptors: int) -> str:
        """Raises OSError."""
        if self._connection is None:
            raise ConnectionError("not connected")
        socket.send_fds(self._connection, [request.encode()], descriptors)
        answer = self._connection.recv(_PACKET)
        if not answer:
            raise ConnectionError("it has closed the connection")
        return answer.decode()

    def _require_process(self) -> None:
        """Connects, starting the relay if need be, and tells it all there is to serve. Raises Unavailable."""
        problem: OSError | None = None
        for _ in range(_TRIES):
            try:
                self._connect_or_spawn()
                for name in self._served:
                    self._tell(name)
            except OSError as error:  # perhaps one that is just dying
                problem = error
                self._disconnect()
                time.sleep(_PAUSE)
            else:
                return
        raise Unavailable(f"cannot reach the relay at {self._path}: {problem}")

    def _connect_or_spawn(self) -> None:
        """Raises OSError, Unavailable."""
        try:
            self._connect()
        except OSError:
            self._spawn()
            self._connect()

    def _connect(self) -> None:
        if self._connection is not None:
            return
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        connection.settimeout(_TIMEOUT)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        self._connection = connection

    def _spawn(self) -> None:
        """Waits until the new relay listens, at which moment its foreground process exits. Raises Unavailable."""
        null = subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                command(self._path, self._idle), stdin=null, stdout=null, stderr=null, start_new_session=True
            )
            code = process.wait(_START_TIMEOUT)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"cannot start the relay at {self._path}: {error}") from None
        if code != 0:
            raise Unavailable(f"cannot start the relay at {self._path}: it ended with code {code}")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
