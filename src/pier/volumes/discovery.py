"""Where volume plugins are found, as Docker finds them (Engine API docs, "Plugin discovery").

In each directory, in order: `NAME.sock`, a unix socket; `NAME.spec`, a file that holds the address `unix:///path`,
`tcp://host:port` or `https://host:port`; `NAME.json` with keys Name, Addr and TLSConfig. Sockets and specs may lie in a
directory `NAME`.
"""

import json
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pier.domain.errors import PierError


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginTls:
    """TLSConfig: paths of PEM files, "" for none. Without an authority the host's own count, and beside it they do."""

    authority: str = ""
    certificate: str = ""
    key: str = ""
    unverified: bool = False  # InsecureSkipVerify: whoever answers is believed


@dataclass(frozen=True, slots=True)
class PluginAddress:
    """Where a plugin is; with `tls`, or `https://`, it is spoken to by TLS."""

    url: str
    tls: PluginTls | None = None


def find_address(name: str, directories: Sequence[Path]) -> PluginAddress | None:
    """The address of a plugin, or None. Blocks. Raises PierError for a broken file."""
    if not name or "/" in name or name.startswith("."):
        return None
    for directory in directories:
        for place in (directory, directory / name):
            address = _address_in(place, name)
            if address is not None and address.url:
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


def _address_in(directory: Path, name: str) -> PluginAddress | None:
    if _is_socket(directory / f"{name}.sock"):
        return PluginAddress(f"unix://{directory / f'{name}.sock'}")
    try:
        return PluginAddress((directory / f"{name}.spec").read_text().strip())
    except (FileNotFoundError, NotADirectoryError):
        pass
    path = directory / f"{name}.json"
    try:
        document = json.loads(path.read_text())
        return PluginAddress(str(document["Addr"]), _read_tls(document.get("TLSConfig"), path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PierError(f"plugin file {path} is not a JSON object with an Addr: {error}") from error


_TLS_KEYS = {"CAFile": "authority", "CertFile": "certificate", "KeyFile": "key", "InsecureSkipVerify": "unverified"}


def _read_tls(given: object, path: Path) -> PluginTls | None:
    """Raises PierError for a key that is not known and a value of the wrong kind: what is meant for safety counts."""
    if not given:
        return None
    if not isinstance(given, Mapping):
        raise PierError(f"plugin file {path}: TLSConfig is not an object")
    for key, value in given.items():
        if key not in _TLS_KEYS:
            raise PierError(f"plugin file {path}: TLSConfig has a key {key} that Pier does not know")
        if not isinstance(value, bool if key == "InsecureSkipVerify" else str):
            raise PierError(f"plugin file {path}: TLSConfig.{key} is {value!r}")
    if bool(given.get("CertFile")) != bool(given.get("KeyFile")):
        raise PierError(f"plugin file {path}: TLSConfig needs both of CertFile and KeyFile, or neither")
    return PluginTls(**{_TLS_KEYS[key]: value for key, value in given.items()})


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False
