"""`pier container stats`, `pier stats`: one shot, or a table that is drawn again and again."""

import select
import sys
import threading

from pier.cli.container.usage import Usage, read_usage, stats_listing
from pier.cli.filters import encode_filters
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.terminal import STDOUT, is_terminal
from pier.client.errors import ApiError, ClientError
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

_REDRAW_SECONDS = 0.5
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_COMING, _GOING = ("create", "start"), ("die", "destroy")


def stats(session: "Session", values: Values, names: list[str]) -> int:
    """Show the use of the named containers, or of all running ones (-a: of all)."""
    template = values.text("format") or session.configured_format("statsFormat")
    listing = stats_listing(truncate=not values.flag("no-trunc"))
    wanted = names or _names(session, everyone=values.flag("all"))
    if values.flag("no-stream"):
        rows = _one_shot(session, wanted)
        found = [row for row in rows if isinstance(row, Usage)]
        session.out(listing.render(found, template) if found or not names else "")
        failures = [row for row in rows if isinstance(row, ClientError)]
        for failure in failures:
            prefix = "Error response from daemon: " if isinstance(failure, ApiError) else ""
            session.err(f"{prefix}{failure}\n")
        return 1 if failures else 0
    board = Board(session)
    for name in wanted:
        board.watch(name)
    if not names:
        board.follow_events(everyone=values.flag("all"))
    return _draw_until_done(session, board, lambda rows: listing.render(rows, template), endless=not names)


def _names(session: "Session", *, everyone: bool) -> list[str]:
    return [item["Id"] for item in session.client.get("/containers/json", {"all": everyone})]


def _one_shot(session: "Session", names: list[str]) -> "list[Usage | ClientError]":
    def ask(name: str) -> "Usage | ClientError":
        try:
            return read_usage(name, session.client.get(f"/containers/{quote_path(name)}/stats", {"stream": "0"}))
        except ClientError as error:
            return error

    if len(names) == 1:
        return [ask(names[0])]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        return list(pool.map(ask, names))


class Board:
    """The latest use of every watched container, kept by one thread each; all threads end with the process."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._lock = threading.Lock()
        self._rows: dict[str, Usage] = {}
        self._failure: ClientError | None = None
        self._left = 0
        _ = session.client.version  # negotiated once, before the threads start

    def watch(self, name: str) -> None:
        """Follow one container until it ends or is dropped."""
        with self._lock:
            if name in self._rows:
                return
            self._rows[name] = Usage(name)
            self._left += 1
        threading.Thread(target=self._follow, args=(name,), daemon=True, name=f"stats of {name[:12]}").start()

    def drop(self, name: str) -> None:
        """Show a container no longer."""
        with self._lock:
            self._rows.pop(name, None)

    def rows(self) -> "list[Usage]":
        """The rows to show now. Raises the failure of a container that was asked for by name and is not there."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            return list(self._rows.values())

    def finished(self) -> bool:
        """True when no container is followed any more."""
        with self._lock:
            return self._left == 0

    def follow_events(self, *, everyone: bool) -> None:
        """Watch containers that start, drop those that end (with `everyone`: those that are created and removed)."""
        events = self._session.client.stream("GET", "/events", {"filters": encode_filters((), type="container")})
        threading.Thread(target=self._read_events, args=(events, everyone), daemon=True, name="events").start()

    def _read_events(self, events: "Any", everyone: bool) -> None:
        coming, going = (_COMING[0], _GOING[1]) if everyone else (_COMING[1], _GOING[0])
        try:
            for event in events:
                if event.get("Action") == coming:
                    self.watch(event["Actor"]["ID"])
                elif event.get("Action") == going:
                    self.drop(event["Actor"]["ID"])
        except (ClientError, ValueError, OSError) as error:
            self._fail(error)

    def _follow(self, name: str) -> None:
        try:
            samples = self._session.client.stream("GET", f"/containers/{quote_path(name)}/stats", {"stream": "1"})
            for sample in samples:
                usage = read_usage(name, sample)
                with self._lock:
                    if name not in self._rows:
                        break
                    self._rows[name] = usage
        except (ClientError, ValueError, OSError) as error:
            self._fail(error)
        finally:
            with self._lock:
                self._left -= 1

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self._failure = error if isinstance(error, ClientError) else ClientError(str(error))


def _draw_until_done(session: "Session", board: Board, render: "Any", *, endless: bool) -> int:
    """Draw twice a second: over the last picture on a terminal, below it elsewhere. Ends with ctrl-c."""
    terminal = is_terminal(STDOUT)
    if terminal:
        session.out("\x1b[2J")
    while True:
        done = board.finished() and not endless  # asked first, so that the last sample is drawn
        text = render(board.rows())
        if terminal:
            text = _HOME + "".join(f"{line}{_CLEAR_LINE}\n" for line in text.splitlines()) + _CLEAR_BELOW
        session.out(text)
        sys.stdout.flush()
        if done:
            return 0
        select.select((), (), (), _REDRAW_SECONDS)


STATS = Command(
    "container stats",
    "[OPTIONS] [CONTAINER...]",
    "Watch the resource use of containers",
    (
        Flag("all", "a", help="Show all containers, not only running ones"),
        Flag("format", "", STRING, "Show as table, json, or by a Go template"),
        Flag("no-stream", help="Show one sample and end"),
        Flag("no-trunc", help="Do not shorten ids"),
    ),
    stats,
    completer="running",
)
