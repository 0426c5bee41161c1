"""What a command runs in: the engine's client, the environment, the user's configuration, and the output streams."""

import os
import sys

from pier.cli.context_choice import DEFAULT, choose_context, default_host
from pier.cli.errors import CliError
from pier.client.address import DEFAULT_ADDRESS, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pier.cli.context_store import ContextStore
    from pier.client.address import TlsFiles
    from pier.client.client import Client


class Session:
    """One run of the CLI. `invoked` is the command as typed (`pier ps`), for messages."""

    def __init__(
        self, host: str = "", environ: "Mapping[str, str] | None" = None, *, config_dir: str = "", debug: bool = False
    ) -> None:
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self.context_flag = ""  # --context
        self.debug = debug
        self.invoked = "pier"
        self._host = host
        self._config_dir = config_dir
        self._config: dict[str, Any] | None = None
        self._client: Client | None = None
        self.tls_flags: dict[str, Any] = {}  # those of the global flags --tls… that were given

    @property
    def context(self) -> str:
        """The name of the context in use, whether there is such a one or not. Raises CliError."""
        return choose_context(self.context_flag, self._host, self.environ, lambda: self.config)

    @property
    def contexts(self) -> "ContextStore":
        """The contexts that are kept beside config.json."""
        from pier.cli.context_store import ContextStore

        return ContextStore(self.config_path)

    @property
    def default_host(self) -> str:
        """The engine's address in the default context."""
        return default_host(self._host, self.environ)

    @property
    def host(self) -> str:
        """The engine's address. Raises CliError for a context that is not there."""
        return self._endpoint()[0]

    def _endpoint(self) -> "tuple[str, TlsFiles | None]":
        name = self.context
        if name == DEFAULT:
            return self.default_host, self._tls()
        if self.tls_flags:
            raise CliError("conflicting options: a context has its own TLS files; use --tls flags with --host")
        from pier.cli.context_store import endpoint_of

        try:
            endpoint = endpoint_of(self.contexts.load(name))
        except CliError as error:
            raise CliError(f"Failed to initialize: unable to resolve docker endpoint: {error}") from None
        return str(endpoint.get("Host") or DEFAULT_ADDRESS), self.contexts.tls_of(name, endpoint)

    @property
    def client(self) -> "Client":
        """The client of the engine, made at first use. Raises AddressError and CliError."""
        if self._client is None:
            from pier.client.client import Client

            address = parse_address(*self._endpoint())
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

    def write_config(self, config: "dict[str, Any]") -> None:
        """Put a new config.json in the place of the old one; a link keeps pointing to it. Raises CliError."""
        from pier.cli.config_file import replace_json

        if not self.config_path:
            raise CliError("config.json cannot be kept: there is no HOME; set HOME or DOCKER_CONFIG")
        replace_json(os.path.realpath(self.config_path), config)
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
