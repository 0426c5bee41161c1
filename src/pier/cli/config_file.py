"""Changes to the user's config.json, which docker's CLI reads, too."""

import os

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session


def write_config(session: "Session", config: "dict[str, Any]") -> None:
    """Put a new config.json in the place of the old one; a link keeps pointing to it. Raises CliError."""
    if not session.config_path:
        raise CliError("config.json cannot be kept: there is no HOME; set HOME or DOCKER_CONFIG")
    replace_json(os.path.realpath(session.config_path), config)
    session.forget_config()


def replace_json(path: str, value: "dict[str, Any]") -> None:
    """Write JSON beside the file, then rename it into its place; only its owner may read it. Raises CliError."""
    import json

    partial = f"{path}.{os.getpid()}.partial"
    text = json.dumps(value, indent="\t", ensure_ascii=False)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
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
