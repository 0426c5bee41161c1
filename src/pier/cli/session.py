"""What a command runs in: the engine's client, the environment, the user's configuration, and the output streams."""

import os
import sys

from pier.cli.errors import CliError
from pier.client.address import DEFAULT_ADDRESS, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

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

    @property
    def client(self) -> "Client":
        """The client of the engine, made at first use. Raises AddressError."""
        if self._client is None:
            from pier.client.client import Client

            self._client = Client(parse_address(self.host), self.environ.get("DOCKER_API_VERSION", ""))
        return self._client

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

    def _read_config(self) -> "dict[str, Any]":
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
        try:
            value = decode(data)
        except ValueError as error:
            raise CliError(f"{path} is not valid JSON: {error}") from None
        return value if isinstance(value, dict) else {}
