"""`pier container attach`, `pier attach`."""

from pier.cli.container.attachment import (
    Attachment,
    check_terminal,
    detach_keys,
    post_wait,
    read_exit_code,
    written_detach_keys,
)
from pier.cli.container.options import DETACH_KEYS, SIG_PROXY
from pier.cli.errors import CliError
from pier.cli.flags import Command, Flag, Values
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session
    from pier.client.query import Query


def attach(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Join a running container's streams until it ends; the exit code is the container's."""
    name = quote_path(arguments[0])
    keys = detach_keys(session, values)
    details = session.client.get(f"/containers/{name}/json")
    _check_state(details["State"])
    config, container_id = details["Config"], details["Id"]
    terminal = bool(config.get("Tty"))
    stdin = bool(config.get("OpenStdin")) and not values.flag("no-stdin")
    check_terminal(stdin=stdin, tty=terminal)
    wait = post_wait(session, container_id)
    query: Query = {
        "stream": True,
        "stdin": stdin,
        "stdout": True,
        "stderr": True,
        "detachKeys": written_detach_keys(session, values),
    }
    stream = session.client.hijack(f"/containers/{container_id}/attach", query)
    attachment = Attachment(
        session,
        f"/containers/{container_id}",
        terminal=terminal,
        stdin=stdin,
        keys=keys,
        forwards=values.flag("sig-proxy") and not terminal,
    )
    if attachment.hold(stream, wait):
        raise CliError("read escape sequence")
    code, failure = read_exit_code(wait)
    if failure:
        raise CliError(failure)
    return code


def _check_state(state: "dict[str, Any]") -> None:
    if not state.get("Running"):
        raise CliError("You cannot attach to a stopped container, start it first")
    if state.get("Paused"):
        raise CliError("You cannot attach to a paused container, unpause it first")
    if state.get("Restarting"):
        raise CliError("You cannot attach to a restarting container, wait until it is running")


ATTACH = Command(
    "container attach",
    "[OPTIONS] CONTAINER",
    "Join the standard streams of a running container",
    (DETACH_KEYS, Flag("no-stdin", help="Do not pass stdin on"), SIG_PROXY),
    attach,
    least=1,
    most=1,
    completer="running",
)
