"""`pier image import`, `pier import`."""

import os
import sys

from pier.cli.errors import CliError
from pier.cli.flags import LIST, STRING, Command, Flag, Values
from pier.cli.image.archive import open_input, read_chunks
from pier.cli.image.pull import progress_view
from pier.cli.image.reference import parse_reference
from pier.cli.terminal import STDIN
from pier.client.json_codec import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session
    from pier.client.query import QueryValue


def import_archive(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Make an image of the files in an archive: from a file, stdin, or an address that the engine fetches."""
    source = arguments[0]
    query: dict[str, QueryValue] = {
        "fromSrc": "-",
        "message": values.text("message"),
        "changes": values.items("change"),
        "platform": values.text("platform"),
    }
    if len(arguments) > 1:
        reference = parse_reference(arguments[1])
        if reference.digest:
            raise CliError("refusing to create a tag with a digest reference")
        query |= {"repo": arguments[1]}  # as it was written: the engine fills in the rest
    view = progress_view(session, False, False)
    if source.startswith(("http://", "https://")):
        view.show_all(session.client.stream("POST", "/images/create", query | {"fromSrc": source}))
        return 0
    sys.stdout.flush()
    fd = STDIN if source == "-" else open_input(source)
    try:
        response = session.client.upload("/images/create", query, read_chunks(fd), "application/x-tar")
        view.show_all(decode(line) for line in response.lines())
    finally:
        if fd != STDIN:
            os.close(fd)
    return 0


IMPORT = Command(
    "image import",
    "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    "Make an image of a file system archive",
    (
        Flag("change", "c", LIST, "Apply an instruction of a Dockerfile to the image"),
        Flag("message", "m", STRING, "Comment of the image"),
        Flag("platform", "", STRING, "Platform of the image (os/arch[/variant])"),
    ),
    import_archive,
    least=1,
)
