"""Holding a container's or an exec's streams: terminal, signals and the copy loop together."""

from pier.cli import signals
from pier.cli.detach import DEFAULT_KEYS, parse_keys
from pier.cli.errors import CliError
from pier.cli.streams import StreamLoop
from pier.cli.terminal import STDIN, RawMode, is_terminal, size
from pier.client.errors import ApiError, ClientError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pier.cli.flags import Values
    from pier.cli.session import Session
    from pier.client.client import Hijacked
    from pier.client.connection import Response

_FORWARDED = (
    *(signals.SIGHUP, signals.SIGINT, signals.SIGQUIT, signals.SIGTERM),
    *(signals.SIGUSR1, signals.SIGUSR2, signals.SIGALRM),
)
_RESIZE_TRIES = 10
_RESIZE_PAUSE_MS = 10


class _Ended(BaseException):
    """A signal that shall end this process once the terminal is restored."""

    def __init__(self, number: int) -> None:
        self.number = number


class Attachment:
    """One attached stream. `target` is the API path of what is attached (`/containers/x` or `/exec/x`).

    `forwards` sends signals on to it (containers only); otherwise an ending signal restores the terminal and ends the
    client. `terminal` says whether the container has one.
    """

    def __init__(
        self, session: "Session", target: str, *, terminal: bool, stdin: bool, keys: bytes, forwards: bool
    ) -> None:
        self._session = session
        self._target = target
        self._terminal = terminal
        self._stdin = stdin
        self._keys = keys if terminal and stdin else b""
        self._forwards = forwards

    def hold(
        self, stream: "Hijacked", wait: "Response | None" = None, start: "Callable[[], object] | None" = None
    ) -> bool:
        """Start what is to be started and copy until the end. True when the detach keys were typed.

        `wait` is the answer that will bring the exit code; the loop then also waits for it. Raises what `start` raises.
        """
        watched = (*(_FORWARDED if self._forwards else signals.ENDING), signals.SIGWINCH)
        try:
            with signals.SignalPipe(watched) as pipe, _raw_mode(self._terminal and self._stdin):
                if start is not None:
                    start()
                if self._terminal:
                    self._resize(_RESIZE_TRIES)
                loop = StreamLoop(
                    stream,
                    terminal=self._terminal,
                    stdin=self._stdin,
                    keys=self._keys,
                    signals=pipe,
                    on_signal=self._on_signal,
                    exit_status=_descriptor(wait),
                )
                loop.run()
        except _Ended as ended:
            signals.die_by(ended.number)
            return False
        except ValueError as error:
            raise CliError(str(error)) from None
        finally:
            stream.socket.close()
        return loop.detached

    def _on_signal(self, number: int) -> None:
        if number == signals.SIGWINCH:
            if self._terminal:
                self._resize(1)
        elif self._forwards:
            try:
                self._session.client.post(f"{self._target}/kill", {"signal": signals.NAMES[number]})
            except ClientError:
                return  # it has just ended, or the engine has: the loop will find out
        else:
            raise _Ended(number)

    def _resize(self, tries: int) -> None:
        """Tell the engine the terminal's size; a container that is just starting may need a few tries."""
        dimensions = size()
        if dimensions is None or not all(dimensions):
            return
        import select

        height, width = dimensions
        for _ in range(tries):
            try:
                self._session.client.post(f"{self._target}/resize", {"h": height, "w": width})
            except ApiError:
                select.select((), (), (), _RESIZE_PAUSE_MS / 1000)
            else:
                return


def _raw_mode(wanted: bool) -> RawMode:
    return RawMode(STDIN if wanted else -1)


def _descriptor(wait: "Response | None") -> int | None:
    if wait is None or wait.connection.has_buffered():
        return None
    return wait.connection.socket.fileno()


def written_detach_keys(session: "Session", values: "Values") -> str:
    """--detach-keys or those of config.json, as they are written; "" leaves them to the engine."""
    return values.text("detach-keys") or str(session.config.get("detachKeys") or "")


def detach_keys(session: "Session", values: "Values") -> bytes:
    """The detach keys of --detach-keys, of config.json, or ctrl-p ctrl-q."""
    text = written_detach_keys(session, values)
    if not text:
        return DEFAULT_KEYS
    try:
        return parse_keys(text)
    except ValueError as error:
        raise CliError(f"invalid detach keys {text!r}: {error}") from None


def check_terminal(*, stdin: bool, tty: bool) -> None:
    """Raise CliError when a terminal is wanted and stdin is none."""
    if stdin and tty and not is_terminal(STDIN):
        raise CliError("the input device is not a TTY")


def read_exit_code(wait: "Response") -> tuple[int, str]:
    """The exit code, and an error text of the engine, from the answer of POST wait."""
    from pier.client.json_codec import decode

    result = decode(wait.read())
    return int(result["StatusCode"]), str((result.get("Error") or {}).get("Message") or "")


def post_wait(session: "Session", container: str, condition: str = "") -> "Response":
    """POST wait; returns once the engine has said that it is waiting, long before the exit code is there."""
    return session.client.request("POST", f"/containers/{container}/wait", {"condition": condition})
