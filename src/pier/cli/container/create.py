"""`pier container create`, `pier create`."""

from pier.cli.container.creation import create_container, read_body
from pier.cli.container.options import CREATE_FLAGS
from pier.cli.flags import Command, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def create(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Create a container and print its id."""
    body = read_body(session, values, arguments)
    session.out(create_container(session, values, body) + "\n")
    return 0


CREATE = Command(
    "container create",
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    "Create a container without starting it",
    CREATE_FLAGS,
    create,
    least=1,
    interspersed=False,
    completer="images",
)
