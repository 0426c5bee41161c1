"""`pier container run`, `pier run`."""

from pier.cli.container.attachment import (
    Attachment,
    check_terminal,
    detach_keys,
    post_wait,
    read_exit_code,
    written_detach_keys,
)
from pier.cli.container.creation import create_container, daemon_message, read_body
from pier.cli.container.failure import REFUSED, exit_code, refused
from pier.cli.container.options import RUN_FLAGS
from pier.cli.errors import CliError
from pier.cli.flags import Command, Values
from pier.cli.terminal import size
from pier.client.errors import ApiError, ClientError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session
    from pier.client.connection import Response

_REMOVAL_TIMEOUT = 10.0


def run(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Run a container; the exit code is the container's, or 125, 126, 127 when it could not be run."""
    body = read_body(session, values, arguments)
    detach = values.flag("detach")
    if detach and values.items("attach"):
        raise CliError("conflicting options: cannot specify both --attach and --detach")
    if detach:
        body.update(AttachStdin=False, AttachStdout=False, AttachStderr=False, StdinOnce=False)
    else:
        check_terminal(stdin=body["AttachStdin"], tty=body["Tty"])
    body["HostConfig"]["ConsoleSize"] = list(size() or (0, 0))
    try:
        try:
            container_id = create_container(session, values, body)
        except CliError as error:
            raise refused(session.invoked, str(error)) from None
        if detach:
            session.out(container_id + "\n")
            session.client.post(f"/containers/{container_id}/start")
            return 0
        return _run_attached(session, values, body, container_id)
    except ApiError as error:
        raise refused(session.invoked, daemon_message(error), exit_code(error.message)) from None
    except ClientError as error:
        raise refused(session.invoked, str(error)) from None


def _run_attached(session: "Session", values: Values, body: "dict[str, Any]", container_id: str) -> int:
    """Attach, then wait, then start, in this order: nothing that the container says or does can be missed."""
    keys = detach_keys(session, values)
    query = {
        "stream": True,
        "stdin": body["AttachStdin"],
        "stdout": body["AttachStdout"],
        "stderr": body["AttachStderr"],
        "detachKeys": written_detach_keys(session, values),
    }
    stream = session.client.hijack(f"/containers/{container_id}/attach", query)
    auto_remove = body["HostConfig"]["AutoRemove"]
    wait = post_wait(session, container_id, "removed" if auto_remove else "next-exit")
    attachment = Attachment(
        session,
        f"/containers/{container_id}",
        terminal=body["Tty"],
        stdin=body["AttachStdin"],
        keys=keys,
        forwards=values.flag("sig-proxy"),
    )

    def start() -> None:
        try:
            session.client.post(f"/containers/{container_id}/start")
        except ApiError:
            if auto_remove:
                _await_removal(wait)
            raise

    if attachment.hold(stream, wait, start):
        return 0
    code, failure = read_exit_code(wait)
    if failure:
        session.err(f"Error waiting for container: {failure}\n")
        return REFUSED
    return code


def _await_removal(wait: "Response") -> None:
    """A container that failed to start is removed by the engine; its name is free when `wait` ends."""
    wait.connection.socket.settimeout(_REMOVAL_TIMEOUT)
    try:
        wait.read()
    except (OSError, ClientError):
        return


RUN = Command(
    "container run",
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    "Create a container from an image and run it",
    RUN_FLAGS,
    run,
    least=1,
    interspersed=False,
    completer="images",
)
