"""`pier container commit`, `pier commit`."""

from pier.cli.flags import BOOL, LIST, STRING, Command, Flag, Values
from pier.cli.image.reference import parse_reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session
    from pier.client.query import Query


def commit(session: "Session", values: Values, arguments: list[str]) -> int:
    """Make an image of a container and print its id."""
    reference = parse_reference(arguments[1]) if len(arguments) > 1 and arguments[1] else None
    query: Query = {
        "container": arguments[0],
        "repo": reference.repository if reference else None,
        "tag": reference.selector if reference else None,
        "comment": values.text("message"),
        "author": values.text("author"),
        "changes": values.items("change"),
        "pause": None if values.flag("pause") else "0",
    }
    session.out(f"{session.client.post('/commit', query)['Id']}\n")
    return 0


COMMIT = Command(
    "container commit",
    "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    "Make an image of a container's changes",
    (
        Flag("author", "a", STRING, "Who made it"),
        Flag("change", "c", LIST, "Apply an instruction of a Dockerfile to the image"),
        Flag("message", "m", STRING, "What was done"),
        Flag("pause", "p", BOOL, "Pause the container meanwhile", default=True),
    ),
    commit,
    least=1,
    most=2,
    completer="containers",
)
