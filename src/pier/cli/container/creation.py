"""Creating a container as run and create do: pull when asked or missing, create, warn, note the id in a file."""

import os

from pier.cli.container.failure import refused
from pier.cli.container.proxies import proxy_variables
from pier.cli.container.request import create_body
from pier.cli.errors import CliError
from pier.cli.flags import Values
from pier.cli.image.reference import parse_reference
from pier.cli.platform import check_platform
from pier.client.errors import ApiError, ClientError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

_PULL_POLICIES = ("always", "missing", "never", "")


def read_body(session: "Session", values: Values, arguments: "list[str]") -> "dict[str, Any]":
    """The create body. Raises CliError with code 125 and a pointer to --help."""
    try:
        socket_path = session.host.removeprefix("unix://") if session.host.startswith("unix://") else ""
        proxies = proxy_variables(session.config, session.host, values.items("env"))
        if values.flag("rm") and values.text("restart") not in ("", "no"):
            raise CliError("conflicting options: cannot specify both --restart and --rm")
        body = create_body(values, arguments, session.environ, socket_path, proxies)
        if values.text("pull") not in _PULL_POLICIES:
            choices = 'must be one of "always", "missing" or "never"'
            raise CliError(f"invalid pull option: '{values.text('pull')}': {choices}")
    except CliError as error:
        raise refused(session.invoked, str(error)) from None
    return body


def create_container(session: "Session", values: Values, body: "dict[str, Any]") -> str:
    """Create the container and return its id. Raises ApiError, CliError."""
    image, platform = str(body["Image"]), values.text("platform")
    parse_reference(image)
    if platform:
        check_platform(platform)
    for address in values.items("dns"):
        if address.startswith("127.") or address == "::1":
            session.err(f"WARNING: Localhost DNS ({address}) may fail in containers.\n")
    cidfile = values.text("cidfile")
    if cidfile and os.path.exists(cidfile):
        raise CliError(f"container ID file found, make sure the other container isn't running or delete {cidfile}")
    file = _open_cidfile(cidfile) if cidfile else -1
    container_id = ""
    try:
        container_id = _create(session, values, body, image, platform)
        if file >= 0:
            os.write(file, container_id.encode())
    finally:
        if file >= 0:
            os.close(file)
            if not container_id:
                os.unlink(cidfile)
    return container_id


def _create(session: "Session", values: Values, body: "dict[str, Any]", image: str, platform: str) -> str:
    quiet = values.flag("quiet")
    query = {"name": values.text("name"), "platform": platform}
    if values.text("pull") == "always":
        _pull(session, image, platform, quiet=quiet)
    try:
        answer = session.client.post("/containers/create", query, body)
    except ApiError as error:
        if error.status != 404 or values.text("pull") not in ("missing", "") or "image" not in error.message.lower():
            raise
        if not quiet:
            session.err(f"Unable to find image '{parse_reference(image).familiar}' locally\n")
        _pull(session, image, platform, quiet=quiet)
        answer = session.client.post("/containers/create", query, body)
    for warning in answer.get("Warnings") or ():
        session.err(f"WARNING: {warning}\n")
    return str(answer["Id"])


def _pull(session: "Session", image: str, platform: str, *, quiet: bool) -> None:
    from pier.cli.image.pull import pull_image

    pull_image(session, image, platform, quiet=quiet, to_stderr=True)


def _open_cidfile(path: str) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise CliError(f"failed to create the container ID file: open {path}: {reason}") from None


def daemon_message(error: Exception) -> str:
    """An engine's refusal as docker introduces it; a lost or missing engine says so itself."""
    if isinstance(error, ApiError):
        return f"Error response from daemon: {error}"
    return str(error) if isinstance(error, ClientError | CliError) else repr(error)
