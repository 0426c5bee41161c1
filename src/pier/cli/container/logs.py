"""`pier container logs`, `pier logs`."""

import time

from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.render.times import since_argument
from pier.cli.streams import write_all, write_frame
from pier.cli.terminal import STDOUT
from pier.client.query import quote_path
from pier.wire.frames import FrameReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def logs(session: "Session", values: Values, arguments: list[str]) -> int:
    """Copy a container's log to stdout and stderr."""
    details = session.client.get(f"/containers/{quote_path(arguments[0])}/json")
    response = session.client.request(
        "GET",
        f"/containers/{details['Id']}/logs",
        {
            "details": values.flag("details"),
            "follow": values.flag("follow"),
            "since": time_argument(values, "since"),
            "until": time_argument(values, "until"),
            "stderr": True,
            "stdout": True,
            "tail": values.text("tail"),
            "timestamps": values.flag("timestamps"),
        },
    )
    if details["Config"].get("Tty"):
        for chunk in response.chunks():
            write_all(STDOUT, chunk)
        return 0
    frames = FrameReader()
    for chunk in response.chunks():
        for stream, piece in frames.feed(chunk):
            write_frame(stream, piece)
    return 0


def time_argument(values: Values, name: str) -> str:
    """A --since or --until value for the API. Raises CliError."""
    try:
        return read_time(values.text(name))
    except CliError as error:
        raise CliError(f'invalid value for "{name}": {error}') from None


def read_time(text: str) -> str:
    """A time or a span ago for the API; "" stays "". Raises CliError."""
    try:
        return since_argument(text, time.time()) if text else ""
    except ValueError:
        raise CliError(f'failed to parse value as time or duration: "{text}"') from None


LOGS = Command(
    "container logs",
    "[OPTIONS] CONTAINER",
    "Show the output of a container",
    (
        Flag("details", help="Show the attributes of each line"),
        Flag("follow", "f", help="Go on with what the container writes from now on"),
        Flag("since", "", STRING, "Show lines since a time (2013-01-02T13:23:37Z) or for a span (42m)"),
        Flag("tail", "n", STRING, "Show this many of the last lines", default="all"),
        Flag("timestamps", "t", help="Show the time of each line"),
        Flag("until", "", STRING, "Show lines before a time (2013-01-02T13:23:37Z) or a span ago (42m)"),
    ),
    logs,
    least=1,
    most=1,
    completer="containers",
)
