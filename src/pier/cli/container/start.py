"""`pier container start`, `pier start`."""

from pier.cli.container.attachment import (
    Attachment,
    check_terminal,
    detach_keys,
    post_wait,
    read_exit_code,
    written_detach_keys,
)
from pier.cli.container.creation import daemon_message
from pier.cli.container.options import DETACH_KEYS
from pier.cli.errors import CliError
from pier.cli.flags import Command, Flag, Values
from pier.client.errors import ApiError
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session
    from pier.client.query import Query


def start(session: "Session", values: Values, names: "list[str]") -> int:
    """Start containers; with -a or -i one of them, attached, its exit code being ours."""
    if values.flag("attach") or values.flag("interactive"):
        if len(names) > 1:
            raise CliError("you cannot start and attach multiple containers at once")
        return _start_attached(session, values, names[0])
    failed: list[str] = []
    for name in names:
        try:
            session.client.post(f"/containers/{quote_path(name)}/start")
            session.out(name + "\n")
        except ApiError as error:
            session.err(daemon_message(error) + "\n")
            failed.append(name)
    if failed:
        raise CliError(f"Error: failed to start containers: {', '.join(failed)}")
    return 0


def _start_attached(session: "Session", values: Values, name: str) -> int:
    details = session.client.get(f"/containers/{quote_path(name)}/json")
    container_id, config = details["Id"], details["Config"]
    stdin = values.flag("interactive") and bool(config.get("OpenStdin"))
    terminal = bool(config.get("Tty"))
    check_terminal(stdin=stdin, tty=terminal)
    query: Query = {
        "stream": True,
        "stdin": stdin,
        "stdout": True,
        "stderr": True,
        "detachKeys": written_detach_keys(session, values),
    }
    keys = detach_keys(session, values)
    stream = session.client.hijack(f"/containers/{container_id}/attach", query)
    removes = bool((details.get("HostConfig") or {}).get("AutoRemove"))
    wait = post_wait(session, container_id, "removed" if removes else "next-exit")
    attachment = Attachment(
        session,
        f"/containers/{container_id}",
        terminal=terminal,
        stdin=stdin,
        keys=keys,
        forwards=not terminal,
    )
    if attachment.hold(stream, wait, lambda: session.client.post(f"/containers/{container_id}/start")):
        return 0
    return read_exit_code(wait)[0]


START = Command(
    "container start",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Start stopped containers",
    (
        Flag("attach", "a", help="Show the output and pass signals on"),
        DETACH_KEYS,
        Flag("interactive", "i", help="Pass stdin on"),
    ),
    start,
    least=1,
    completer="stopped",
)
