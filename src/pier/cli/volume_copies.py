"""`pier volume export`, `import`, `clone` and `snapshot`."""

import os
import sys

from pier.cli.archive_file import copy_to_stdout, write_archive
from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.terminal import STDOUT, is_terminal
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pier.cli.session import Session

_CHUNK = 1 << 18


def _route(name: str, verb: str) -> str:
    return f"/volumes/{quote_path(name)}/{verb}"


def export(session: "Session", values: Values, names: list[str]) -> int:
    """Write a volume's content to a file or stdout. A file appears only when it is complete."""
    path = values.text("output")
    if not path and is_terminal(STDOUT):
        raise CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    response = session.client.request("GET", _route(names[0], "export"))
    if path:
        write_archive(path, response, "failed to export volume")
    else:
        copy_to_stdout(response)
    return 0


def import_(session: "Session", values: Values, names: list[str]) -> int:
    """Unpack a tar archive, of a file or stdin, into a volume, which is made if it is not there."""
    path = names[1] if len(names) > 1 else "-"
    if path == "-":
        fd = sys.stdin.fileno()
        if is_terminal(fd):
            raise CliError("requested import from stdin, but stdin is a terminal")
    else:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise CliError(f"open {path}: {(error.strerror or '').lower()}") from None
    session.client.upload(_route(names[0], "import"), {}, _read(fd), "application/x-tar", method="PUT").read()
    session.out(f"{names[0]}\n")
    return 0


def _read(fd: int) -> "Iterator[bytes]":
    while chunk := os.read(fd, _CHUNK):
        yield chunk


def clone(session: "Session", values: Values, names: list[str]) -> int:
    """Copy a volume into a new one."""
    return _clone(session, names[0], {"Name": names[1]})


def snapshot(session: "Session", values: Values, names: list[str]) -> int:
    """Keep a volume's present content in a new volume that bears its name as a label."""
    body: dict[str, Any] = {"Snapshot": True}
    if len(names) > 1:
        body["Name"] = names[1]
    return _clone(session, names[0], body)


def _clone(session: "Session", name: str, body: "dict[str, Any]") -> int:
    session.out(f"{session.client.post(_route(name, 'clone'), None, body)['Name']}\n")
    return 0


EXPORT = Command(
    "volume export",
    "[OPTIONS] VOLUME",
    "Write a volume's content as a tar archive",
    (Flag("output", "o", STRING, "Write to this file instead of stdout"),),
    export,
    least=1,
    most=1,
    completer="volumes",
)
IMPORT = Command(
    "volume import",
    "VOLUME [FILE|-]",
    "Unpack a tar archive into a volume",
    (),
    import_,
    least=1,
    most=2,
    completer="volumes",
)
CLONE = Command(
    "volume clone", "VOLUME NEW", "Copy a volume into a new one", (), clone, least=2, most=2, completer="volumes"
)
SNAPSHOT = Command(
    "volume snapshot",
    "VOLUME [NEW]",
    "Keep a volume's present content in a new volume",
    (),
    snapshot,
    least=1,
    most=2,
    completer="volumes",
)
