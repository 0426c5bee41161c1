"""`pier container export`, `pier export`."""

from pier.cli.archive_file import check_output, copy_to_stdout, write_archive
from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.terminal import STDOUT, is_terminal
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def export(session: "Session", values: Values, names: list[str]) -> int:
    """Write a container's files to a file or stdout. A file appears only when it is complete."""
    path = values.text("output")
    if not path and is_terminal(STDOUT):
        raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    if path:
        check_output(path, "failed to export container")
    response = session.client.request("GET", f"/containers/{quote_path(names[0])}/export")
    if path:
        write_archive(path, response, "failed to export container")
    else:
        copy_to_stdout(response)
    return 0


EXPORT = Command(
    "container export",
    "[OPTIONS] CONTAINER",
    "Write a container's file system as a tar archive",
    (Flag("output", "o", STRING, "Write to this file instead of stdout"),),
    export,
    least=1,
    most=1,
    completer="containers",
)
