"""`pier container diff`, `pier diff`."""

from pier.cli.errors import CliError
from pier.cli.flags import Command, Values
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session

_LETTERS = "CAD"  # by the API's numbers: modified, added, deleted


def diff(session: "Session", _: Values, names: list[str]) -> int:
    """Print every path that differs from the image."""
    if not names[0].strip("/"):
        raise CliError("invalid container name or ID: value is empty")
    for change in session.client.get(f"/containers/{quote_path(names[0])}/changes") or ():
        session.out(f"{_LETTERS[change['Kind']]} {change['Path']}\n")
    return 0


DIFF = Command(
    "container diff",
    "CONTAINER",
    "Show what changed in a container's file system",
    (),
    diff,
    least=1,
    most=1,
    completer="containers",
)
