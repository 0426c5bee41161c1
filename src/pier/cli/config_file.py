"""Files of the user's configuration, which docker's CLI reads, too, are replaced as a whole."""

import os

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def replace_json(path: str, value: "dict[str, Any]") -> None:
    """Put indented JSON in the place of a file. Raises CliError."""
    import json

    replace_file(path, json.dumps(value, indent="\t", ensure_ascii=False))


def replace_file(path: str, text: str, *, folder_mode: int = 0o700) -> None:
    """Write beside the file, then rename into its place; only its owner may read it. Raises CliError.

    Folders that are missing are made with `folder_mode`.
    """
    partial = f"{path}.{os.getpid()}.partial"
    try:
        os.makedirs(os.path.dirname(path), mode=folder_mode, exist_ok=True)
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(fd, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}") from None
