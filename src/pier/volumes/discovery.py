"""Where volume plugins are found, as Docker finds them (Engine API docs, "Plugin discovery").

In each directory, in order: `NAME.sock`, a unix socket; `NAME.spec`, a file that holds the address `unix:///path` or
`tcp://host:port`; `NAME.json` with keys Name, Addr and TLSConfig. Sockets and specs may lie in a directory `NAME`.
"""

import json
import stat
from collections.abc import Sequence
from pathlib import Path

from pier.domain.errors import PierError, Unsupported


def find_address(name: str, directories: Sequence[Path]) -> str | None:
    """The address of a plugin, or None. Blocks. Raises PierError for a broken file, Unsupported for TLS."""
    if not name or "/" in name or name.startswith("."):
        return None
    for directory in directories:
        for place in (directory, directory / name):
            address = _address_in(place, name)
            if address:
                return address
    return None


def list_names(directories: Sequence[Path]) -> list[str]:
    """The names of all plugins there, sorted. Blocks; does not look into the files."""
    names = set()
    for directory in directories:
        for path in [*_entries(directory), *(inner for one in _entries(directory) for inner in _entries(one))]:
            if path.suffix in (".spec", ".json") or (path.suffix == ".sock" and _is_socket(path)):
                names.add(path.stem)
    return sorted(names)


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _address_in(directory: Path, name: str) -> str:
    if _is_socket(directory / f"{name}.sock"):
        return f"unix://{directory / f'{name}.sock'}"
    try:
        return (directory / f"{name}.spec").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        pass
    try:
        document = json.loads((directory / f"{name}.json").read_text())
        address, tls = document["Addr"], document.get("TLSConfig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PierError(f"plugin file {directory / name}.json is not a JSON object with an Addr: {error}") from error
    if tls:
        raise Unsupported(f"plugin file {directory / name}.json: Pier does not speak TLS to plugins (TLSConfig)")
    return str(address)


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False
