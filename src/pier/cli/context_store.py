"""Docker's context store: contexts/meta/<sha256 of the name>/meta.json, and TLS files in contexts/tls/<same>/docker/.

Facts from docker's CLI 28.2 by trial. What others keep in a context (further endpoints, metadata) is left as it is.
"""

import os
import shutil

from pier.cli.config_file import replace_file
from pier.cli.errors import CliError
from pier.client.address import TlsFiles
from pier.client.json_codec import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ENDPOINT = "docker"
TLS_NAMES = ("ca.pem", "cert.pem", "key.pem")
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-")


class ContextStore:
    """The contexts below one folder, which need not be there yet."""

    def __init__(self, config_path: str) -> None:
        self._folder = os.path.join(os.path.dirname(config_path), "contexts")

    def meta_path(self, name: str) -> str:
        """The folder of a context's meta.json."""
        return os.path.join(self._folder, "meta", _hashed(name))

    def tls_path(self, name: str) -> str:
        """The folder of a context's TLS files, by endpoint."""
        return os.path.join(self._folder, "tls", _hashed(name))

    def names(self) -> list[str]:
        """The names of all contexts. Raises CliError for one that cannot be read."""
        folder = os.path.join(self._folder, "meta")
        if not os.path.isdir(folder):
            return []
        return [str(self._read(os.path.join(folder, entry, "meta.json"))["Name"]) for entry in os.listdir(folder)]

    def has(self, name: str) -> bool:
        """Whether there is such a context."""
        return os.path.exists(os.path.join(self.meta_path(name), "meta.json"))

    def load(self, name: str) -> "dict[str, Any]":
        """A context's meta.json: {Name, Metadata, Endpoints}. Raises CliError when there is none."""
        path = os.path.join(self.meta_path(name), "meta.json")
        try:
            return self._read(path)
        except FileNotFoundError:
            missing = f"open {path}: no such file or directory"
            raise CliError(f'context "{name}": context not found: {missing}') from None

    def save(self, meta: "Mapping[str, Any]") -> None:
        """Write meta.json as it is to be. Raises CliError."""
        path = os.path.join(self.meta_path(str(meta["Name"])), "meta.json")
        replace_file(path, encode(dict(meta)), folder_mode=0o755)

    def tls_files(self, name: str) -> dict[str, bytes]:
        """The contents of the TLS files of a context's endpoint, by their names."""
        folder = os.path.join(self.tls_path(name), ENDPOINT)
        found: dict[str, bytes] = {}
        for file in TLS_NAMES:
            path = os.path.join(folder, file)
            if os.path.exists(path):
                with open(path, "rb") as source:
                    found[file] = source.read()
        return found

    def save_tls(self, name: str, files: "Mapping[str, bytes]") -> None:
        """Put these in the place of a context's TLS files; only their owner may read them."""
        shutil.rmtree(self.tls_path(name), ignore_errors=True)
        folder = os.path.join(self.tls_path(name), ENDPOINT)
        for file, data in files.items():
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with open(os.open(os.path.join(folder, file), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                target.write(data)

    def tls_of(self, name: str, endpoint: "Mapping[str, Any]") -> TlsFiles | None:
        """How to speak TLS to a context's engine; None where it has no files and does not skip the check."""
        folder = os.path.join(self.tls_path(name), ENDPOINT)
        paths = [os.path.join(folder, file) for file in TLS_NAMES]
        found = [path if os.path.exists(path) else "" for path in paths]
        skips = bool(endpoint.get("SkipTLSVerify"))
        return TlsFiles(*found, verify=not skips) if any(found) or skips else None

    def remove(self, name: str) -> None:
        """Take a context away, if it is there."""
        shutil.rmtree(self.meta_path(name), ignore_errors=True)
        shutil.rmtree(self.tls_path(name), ignore_errors=True)

    def _read(self, path: str) -> "dict[str, Any]":
        with open(path, "rb") as file:
            data = file.read()
        try:
            value = decode(data)
        except ValueError as error:
            raise CliError(f"{path} is not valid JSON: {error}") from None
        if not isinstance(value, dict) or not isinstance(value.get("Name"), str):
            raise CliError(f"{path} describes no context")
        return value


def endpoint_of(meta: "Mapping[str, Any]") -> "dict[str, Any]":
    """The engine's endpoint in a meta.json: {Host, SkipTLSVerify}. Raises CliError when it has none."""
    endpoint = (meta.get("Endpoints") or {}).get(ENDPOINT)
    if not isinstance(endpoint, dict):
        raise CliError(f'context "{meta["Name"]}" has no docker endpoint')
    return endpoint


def check_name(name: str) -> None:
    """Raise CliError, with docker's words, unless a context may be called that."""
    if name == "default":
        raise CliError('"default" is a reserved context name')
    if len(name) < 2 or not set(name) <= _NAME_LETTERS or not name[0].isalnum():
        pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"
        raise CliError(f'context name "{name}" is invalid, names are validated against regexp "{pattern}"')


def _hashed(name: str) -> str:
    import hashlib

    return hashlib.sha256(name.encode()).hexdigest()
