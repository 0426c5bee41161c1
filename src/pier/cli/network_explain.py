"""`pier network explain CONTAINER[:PORT]`."""

from pier.cli.flags import Command, Values
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def explain(session: "Session", values: Values, names: list[str]) -> int:
    """Say how a packet gets to a container, a line for each step; 1 when something is wrong."""
    container, _, port = names[0].partition(":")
    answer = session.client.get(f"/containers/{quote_path(container)}/explain", {"port": port or None})
    steps = answer["Steps"]
    for step in steps:
        session.out(f"{'!' if step['Wrong'] else ' '} {step['Text']}\n")
    return int(any(step["Wrong"] for step in steps))


EXPLAIN = Command(
    "network explain",
    "CONTAINER[:PORT[/PROTOCOL]]",
    "Say how packets get to a container, or why not",
    (),
    explain,
    least=1,
    most=1,
    completer="containers",
)
