"""Archives that the engine sends, to a file or to stdout."""

import os
import sys

from pier.cli.errors import CliError
from pier.cli.streams import write_all
from pier.cli.terminal import STDOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.client.connection import Response


def copy_to_stdout(response: "Response") -> int:
    """Writes the whole body; the number of its bytes."""
    sys.stdout.flush()
    size = 0
    for chunk in response.chunks():
        write_all(STDOUT, chunk)
        size += len(chunk)
    return size


def check_output(path: str, complaint: str) -> None:
    """Raises CliError that begins with the complaint unless a file could be made there: asked before the engine is."""
    parent = os.path.dirname(path) or "."
    if not os.path.exists(parent):
        raise CliError(f"{complaint}: invalid output path: stat {parent}: no such file or directory")


def write_archive(path: str, response: "Response", complaint: str) -> None:
    """Writes beside the target and renames, unless the target is no plain file (a pipe, a device).

    Raises CliError that begins with the complaint when the file cannot be made.
    """
    special = os.path.exists(path) and not os.path.isfile(path)
    partial = path if special else f"{path}.{os.getpid()}.partial"
    try:
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CliError(f"{complaint}: open {path}: {(error.strerror or '').lower()}") from None
    try:
        for chunk in response.chunks():
            write_all(fd, chunk)
        if not special:
            os.replace(partial, path)
    except BaseException:
        if not special:
            os.unlink(partial)
        raise
    finally:
        os.close(fd)
