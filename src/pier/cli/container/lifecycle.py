"""The verbs that act on containers by name: stop, restart, kill, pause, unpause, wait, rename, rm."""

from pier.cli.errors import CliError
from pier.cli.flags import INT, STRING, Command, Flag, Values
from pier.cli.parallel import for_each
from pier.client.errors import ApiError
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session
    from pier.client.query import Query

_CONTAINERS = "CONTAINER [CONTAINER...]"


def _post_each(session: "Session", names: list[str], verb: str, query: "Query | None" = None) -> int:
    """POST a verb to every container and print the names of those that did it."""

    def act(name: str) -> str:
        session.client.post(f"/containers/{quote_path(name)}/{verb}", query)
        return name

    return for_each(session, names, act)


def stop(session: "Session", values: Values, names: list[str]) -> int:
    """Stop containers by their stop signal, then by SIGKILL."""
    return _post_each(session, names, "stop", _grace(values))


def restart(session: "Session", values: Values, names: list[str]) -> int:
    """Stop and start containers."""
    return _post_each(session, names, "restart", _grace(values))


def _grace(values: Values) -> "Query":
    seconds = next((values.number(name) for name in ("timeout", "time") if values.given(name)), None)
    return {"signal": values.text("signal"), "t": None if seconds is None else str(seconds)}


def kill(session: "Session", values: Values, names: list[str]) -> int:
    """Send a signal, SIGKILL unless another is named."""
    return _post_each(session, names, "kill", {"signal": values.text("signal")})


def pause(session: "Session", _: Values, names: list[str]) -> int:
    """Freeze containers."""
    return _post_each(session, names, "pause")


def unpause(session: "Session", _: Values, names: list[str]) -> int:
    """Let frozen containers go on."""
    return _post_each(session, names, "unpause")


def wait(session: "Session", _: Values, names: list[str]) -> int:
    """Print the exit code of each container once it has stopped."""

    def act(name: str) -> str:
        result = session.client.post(f"/containers/{quote_path(name)}/wait")
        failure = (result.get("Error") or {}).get("Message")
        if failure:
            raise CliError(failure)
        return str(result["StatusCode"])

    return for_each(session, names, act)


def rename(session: "Session", _: Values, names: list[str]) -> int:
    """Give a container another name."""
    old, new = (name.strip() for name in names)
    if not old or not new:
        raise CliError("Error: Neither old nor new names may be empty")
    try:
        session.client.post(f"/containers/{quote_path(old)}/rename", {"name": new})
    except ApiError as error:
        raise CliError(f"Error response from daemon: {error}\nError: failed to rename container named {old}") from None
    return 0


def remove(session: "Session", values: Values, names: list[str]) -> int:
    """Remove containers; with -f running ones too, and those that are not there are no failure."""
    query: Query = {"force": values.flag("force"), "link": values.flag("link"), "v": values.flag("volumes")}

    def act(name: str) -> str:
        text = name.strip("/")
        if not text:
            raise CliError("Container name cannot be empty")
        session.client.delete(f"/containers/{quote_path(text)}", query)
        return name

    return for_each(session, names, act, missing_is_fine=values.flag("force"))


_GRACE = (
    Flag("signal", "s", STRING, "Signal to send first"),
    Flag("timeout", "t", INT, "Seconds to wait before SIGKILL; -1 waits for ever"),
    Flag("time", "", INT, "Old name of --timeout"),
)
STOP = Command(
    "container stop", f"[OPTIONS] {_CONTAINERS}", "Stop running containers", _GRACE, stop, least=1, completer="running"
)
RESTART = Command(
    "container restart",
    f"[OPTIONS] {_CONTAINERS}",
    "Stop and start containers",
    _GRACE,
    restart,
    least=1,
    completer="containers",
)
KILL = Command(
    "container kill",
    f"[OPTIONS] {_CONTAINERS}",
    "Send a signal to running containers",
    (Flag("signal", "s", STRING, "Signal to send (SIGKILL when not given)"),),
    kill,
    least=1,
    completer="running",
)
PAUSE = Command(
    "container pause", _CONTAINERS, "Freeze all processes of containers", (), pause, least=1, completer="running"
)
UNPAUSE = Command(
    "container unpause",
    _CONTAINERS,
    "Let the processes of paused containers go on",
    (),
    unpause,
    least=1,
    completer="paused",
)
WAIT = Command(
    "container wait",
    _CONTAINERS,
    "Wait for containers to stop and print their exit codes",
    (),
    wait,
    least=1,
    completer="running",
)
RENAME = Command(
    "container rename",
    "CONTAINER NEW_NAME",
    "Give a container another name",
    (),
    rename,
    least=2,
    most=2,
    completer="containers",
)
RM = Command(
    "container rm",
    f"[OPTIONS] {_CONTAINERS}",
    "Remove containers",
    (
        Flag("force", "f", help="Kill running containers first"),
        Flag("link", "l", help="Remove the link, not the container"),
        Flag("volumes", "v", help="Remove anonymous volumes of the containers too"),
    ),
    remove,
    least=1,
    completer="containers",
)
