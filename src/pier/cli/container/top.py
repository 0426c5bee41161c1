"""`pier container top`, `pier top`."""

from pier.cli.flags import Command, Values
from pier.cli.render.table import format_table
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session

_LEAST_WIDTH = 20


def top(session: "Session", _: Values, arguments: list[str]) -> int:
    """Print the container's processes; what follows its name is handed to ps."""
    query = {"ps_args": " ".join(arguments[1:])}
    answer = session.client.get(f"/containers/{quote_path(arguments[0])}/top", query)
    rows = [answer.get("Titles") or [], *(answer.get("Processes") or [])]
    session.out(format_table(rows, _LEAST_WIDTH))
    return 0


TOP = Command(
    "container top",
    "CONTAINER [ps OPTIONS]",
    "Show the processes of a container",
    (),
    top,
    least=1,
    interspersed=False,
    completer="running",
)
