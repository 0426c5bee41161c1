"""`pier container exec`, `pier exec`."""

from pier.cli.container import checks
from pier.cli.container.attachment import Attachment, check_terminal, detach_keys, written_detach_keys
from pier.cli.container.environment import read_environment
from pier.cli.container.options import DETACH_KEYS
from pier.cli.errors import CliError
from pier.cli.flags import LIST, STRING, Command, Flag, Values
from pier.cli.terminal import size
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session


def execute(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Run a command in a container; the exit code is the command's."""
    detach, tty = values.flag("detach"), values.flag("tty")
    stdin = values.flag("interactive") and not detach
    if not detach:
        check_terminal(stdin=stdin, tty=tty)
    keys = detach_keys(session, values)
    body: dict[str, Any] = {
        "User": values.text("user"),
        "Privileged": values.flag("privileged"),
        "Tty": tty,
        "AttachStdin": stdin,
        "AttachStderr": not detach,
        "AttachStdout": not detach,
        "DetachKeys": written_detach_keys(session, values),
        "Env": read_environment(values.items("env-file"), values.items("env"), session.environ),
        "WorkingDir": values.text("workdir"),
        "Cmd": arguments[1:],
        "Detach": detach,
    }
    dimensions = list(size() or (0, 0)) if tty else None
    if dimensions:
        body["ConsoleSize"] = dimensions
    exec_id = session.client.post(f"/containers/{quote_path(arguments[0])}/exec", None, body)["Id"]
    start: dict[str, Any] = {"Detach": detach, "Tty": tty}
    if dimensions:
        start["ConsoleSize"] = dimensions
    if detach:
        session.client.post(f"/exec/{exec_id}/start", None, start)
        return 0
    stream = session.client.hijack(f"/exec/{exec_id}/start", None, start)
    attachment = Attachment(session, f"/exec/{exec_id}", terminal=tty, stdin=stdin, keys=keys, forwards=False)
    if attachment.hold(stream):
        raise CliError("read escape sequence")
    return int(session.client.get(f"/exec/{exec_id}/json").get("ExitCode") or 0)


EXEC = Command(
    "container exec",
    "[OPTIONS] CONTAINER COMMAND [ARG...]",
    "Run a command in a running container",
    (
        Flag("detach", "d", help="Run in the background"),
        DETACH_KEYS,
        Flag("env", "e", LIST, "Set a variable (NAME=value, or NAME to pass the client's own)", check=checks.variable),
        Flag("env-file", "", LIST, "Read variables from a file"),
        Flag("interactive", "i", help="Pass stdin on"),
        Flag("privileged", help="Give all privileges of the host"),
        Flag("tty", "t", help="Give the command a terminal"),
        Flag("user", "u", STRING, "User, and group, to run as (name or number[:group])"),
        Flag("workdir", "w", STRING, "Working directory in the container"),
    ),
    execute,
    least=2,
    interspersed=False,
    completer="running",
)
