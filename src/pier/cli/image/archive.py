"""`pier image load` and `pier image save`."""

import os

from pier.cli.archive_file import check_output, copy_to_stdout, write_archive
from pier.cli.errors import CliError
from pier.cli.flags import CSV, STRING, Command, Flag, Values
from pier.cli.image.pull import progress_view
from pier.cli.inspect import encode_platform
from pier.cli.terminal import STDIN, STDOUT, is_terminal
from pier.client.json_codec import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pier.cli.session import Session
    from pier.client.query import Query

_CHUNK = 1 << 20


def load(session: "Session", values: Values, _: list[str]) -> int:
    """Load images from a file or stdin."""
    path = values.text("input")
    if not path and is_terminal(STDIN):
        raise CliError("requested load from stdin, but stdin is empty")
    fd = open_input(path) if path else STDIN
    quiet = values.flag("quiet") or not is_terminal(STDOUT)
    query: Query = {
        "quiet": "1" if quiet else "0",
        "platform": [encode_platform(text) for text in values.items("platform")],
    }
    try:
        response = session.client.upload("/images/load", query, read_chunks(fd), "application/x-tar")
    finally:
        if path:
            os.close(fd)
    if "json" in response.headers.get("content-type", ""):
        progress_view(session, False, False).show_all(decode(line) for line in response.lines())
    else:
        session.out(response.read().decode("utf-8", "replace"))
    return 0


def open_input(path: str) -> int:
    """Open a file to be read. Raises CliError."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CliError(f"open {path}: {(error.strerror or '').lower()}") from None


def read_chunks(fd: int) -> "Iterator[bytes]":
    """All that comes from a descriptor."""
    while chunk := os.read(fd, _CHUNK):
        yield chunk


def save(session: "Session", values: Values, names: list[str]) -> int:
    """Write images to a file or stdout. A file appears only when it is complete."""
    path = values.text("output")
    if not path and is_terminal(STDOUT):
        raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    if path:
        check_output(path, "failed to save image")
    query: Query = {"names": names, "platform": [encode_platform(text) for text in values.items("platform")]}
    response = session.client.request("GET", "/images/get", query)
    if path:
        write_archive(path, response, "failed to save image")
    else:
        copy_to_stdout(response)
    return 0


LOAD = Command(
    "image load",
    "[OPTIONS]",
    "Load images from an archive",
    (
        Flag("input", "i", STRING, "Read this file instead of stdin"),
        Flag("platform", "", CSV, "Load only this platform (os/arch[/variant])"),
        Flag("quiet", "q", help="Show no progress"),
    ),
    load,
    most=0,
)
SAVE = Command(
    "image save",
    "[OPTIONS] IMAGE [IMAGE...]",
    "Write images to an archive",
    (
        Flag("output", "o", STRING, "Write to this file instead of stdout"),
        Flag("platform", "", CSV, "Save only this platform (os/arch[/variant])"),
    ),
    save,
    least=1,
    completer="images",
)
