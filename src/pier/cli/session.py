"""What a command runs in: the engine's client, the environment, the user's configuration, and the output streams."""

import os
import sys

from pier.cli.errors import CliError
from pier.client.address import DEFAULT_ADDRESS, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pier.client.address import TlsFiles
    from pier.client.client import Client


class Session:
    """One run of the CLI. `invoked` is the command as typed (`pier ps`), for messages."""

    def __init__(
        self, host: str = "", environ: "Mapping[str, str] | None" = None, *, config_dir: str = "", debug: bool = False
    ) -> None:
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self.host = host or self.environ.get("PIER_HOST") or self.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS
        self.debug = debug
        self.invoked = "pier"
        self._config_dir = config_dir
        self._config: dict[str, Any] | None = None
        self._client: Client | None = None
        self.tls_flags: dict[str, Any] = {}  # those of the global flags --tls… that were given

    @property
    def client(self) -> "Client":
        """The client of the engine, made at first use. Raises AddressError."""
        if self._client is None:
            from pier.client.client import Client

            address = parse_address(self.host, self._tls())
            self._client = Client(address, self.environ.get("DOCKER_API_VERSION", ""))
        return self._client

    def _tls(self) -> "TlsFiles | None":
        flags = self.tls_flags
        if not flags and not self.environ.get("DOCKER_TLS_VERIFY") and not self.environ.get("DOCKER_TLS"):
            return None
        from pier.cli.tls_files import choose_files

        return choose_files(flags, self.environ, self.config_path.removesuffix("/config.json"))

    @property
    def config(self) -> "dict[str, Any]":
        """The user's config.json (docker's: credentials, formats, detachKeys); empty when there is none."""
        if self._config is None:
            self._config = self._read_config()
        return self._config

    def forget_config(self) -> None:
        """Read config.json anew at its next use."""
        self._config = None

    @property
    def config_path(self) -> str:
        """Where config.json is, or would be; "" for a user without a home."""
        folder = self._config_dir or self.environ.get("DOCKER_CONFIG") or ""
        home = self.environ.get("HOME", "")
        if not folder and home:
            folder = f"{home}/.docker"
        return f"{folder}/config.json" if folder else ""

    def out(self, text: str) -> None:
        """Write to stdout."""
        sys.stdout.write(text)

    def err(self, text: str) -> None:
        """Write to stderr at once, after what stdout holds."""
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()

    def configured_format(self, key: str) -> str:
        """A default --format of config.json: psFormat, imagesFormat …; "" when unset."""
        return str(self.config.get(key) or "")

    def read_config_to_change(self) -> "dict[str, Any]":
        """A copy of config.json to be written back. Raises CliError for one that is broken: it is not to be lost."""
        try:
            return dict(self._parse_config())
        except ValueError as error:
            raise CliError(f"{self.config_path} is not valid JSON: {error}") from None

    def _read_config(self) -> "dict[str, Any]":
        try:
            return self._parse_config()
        except ValueError as error:
            self.err(f"WARNING: Error parsing config file ({self.config_path}): {error}\n")
            return {}

    def _parse_config(self) -> "dict[str, Any]":
        """Raises ValueError when it is not JSON, CliError when it cannot be read."""
        from pier.client.json_codec import decode

        path = self.config_path
        if not path:
            return {}
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CliError(f"{path} cannot be read: {error.strerror}") from None
        value = decode(data)
        return value if isinstance(value, dict) else {}
