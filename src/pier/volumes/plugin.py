"""One volume plugin: a program that answers Docker's volume plugin protocol, version 1, by HTTP on a socket.

Facts are from Docker's "Engine volume plugin API": each call is a POST with a JSON body; an answer's `Err` says what
went wrong. `Mount` and `Unmount` carry an id of the user, so that the plugin counts them.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pier.domain.errors import NotFound, PierError, Unavailable, Unsupported
from pier.domain.volume import Volume
from pier.volumes.discovery import PluginAddress, PluginTls
from pier.volumes.threads import run_alone

_TYPE = "application/vnd.docker.plugins.v1.2+json"
_PATIENCE = 120.0  # seconds: a plugin may attach a disk of a cloud
_QUICK = 10.0  # seconds for questions
_LIMIT = 16 << 20  # bytes of an answer


class VolumePlugin:
    """Calls to one plugin; each has its own connection, so that a plugin may be restarted at any time."""

    def __init__(self, name: str, address: PluginAddress) -> None:
        self.name = name
        self.address = address
        self._scope = ""

    async def activate(self) -> None:
        """The handshake. Raises NotFound when it is no volume driver, Unavailable when it does not answer."""
        answer = await self._call("/Plugin.Activate", None, _QUICK)
        if "VolumeDriver" not in (answer.get("Implements") or []):
            raise NotFound(
                f'error looking up volume plugin {self.name}: plugin "{self.name}" implements no VolumeDriver'
            )
        try:
            found = await self._call("/VolumeDriver.Capabilities", {}, _QUICK)
            self._scope = str((found.get("Capabilities") or {}).get("Scope") or "local").lower()
        except PierError:  # older plugins do not know the call
            self._scope = "local"

    async def create(self, volume: Volume) -> Volume:
        """Also where the plugin says it is, though most say so only once it is mounted."""
        await self._call("/VolumeDriver.Create", {"Name": volume.name, "Opts": dict(volume.options)})
        found = await self.get(volume.name)
        return Volume(
            name=volume.name,
            driver=self.name,
            mountpoint=found.mountpoint if found else "",
            created_at=volume.created_at,
            labels=volume.labels,
            options=volume.options,
            scope=self._scope or "local",
            status=found.status if found else {},
        )

    async def remove(self, name: str) -> None:
        await self._call("/VolumeDriver.Remove", {"Name": name})

    async def mount(self, name: str, user: str) -> str:
        answer = await self._call("/VolumeDriver.Mount", {"Name": name, "ID": user})
        path = str(answer.get("Mountpoint") or "")
        if not path.startswith("/"):
            raise PierError(f"volume plugin {self.name} mounted {name} nowhere: its Mountpoint is {path!r}")
        return path

    async def unmount(self, name: str, user: str) -> None:
        await self._call("/VolumeDriver.Unmount", {"Name": name, "ID": user})

    async def get(self, name: str) -> Volume | None:
        """As the plugin knows it now; None when it does not."""
        try:
            answer = await self._call("/VolumeDriver.Get", {"Name": name}, _QUICK)
        except Unavailable:
            raise
        except PierError:
            return None
        found = answer.get("Volume")
        return self._volume(found) if isinstance(found, dict) else None

    async def list(self) -> list[Volume]:
        answer = await self._call("/VolumeDriver.List", {}, _QUICK)
        return [self._volume(one) for one in answer.get("Volumes") or () if isinstance(one, dict) and one.get("Name")]

    def _volume(self, found: Mapping[str, Any]) -> Volume:
        status = found.get("Status")
        return Volume(
            name=str(found.get("Name") or ""),
            driver=self.name,
            mountpoint=str(found.get("Mountpoint") or ""),
            scope=self._scope or "local",
            status=status if isinstance(status, dict) else {},
        )

    async def _call(self, path: str, body: object, patience: float = _PATIENCE) -> Mapping[str, Any]:
        method = path.removeprefix("/")
        try:
            status, data = await run_alone(lambda: self._exchange(path, body, patience))
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(
                f"volume plugin {self.name} at {self.address.url} does not answer {method}: {error}"
            ) from error
        try:
            answer = json.loads(data) if data.strip() else {}
            answer = {} if answer is None else answer  # what Go makes of nothing, and reads as an answer without keys
        except ValueError:
            answer = {"Err": data.decode(errors="replace").strip()} if status != 200 else None
        if not isinstance(answer, dict):
            raise PierError(f"volume plugin {self.name} answered {method} with no JSON object")
        if answer.get("Err") or status != 200:
            raise PierError(f"{method}: {answer.get('Err') or f'status {status}'}")
        return answer

    def _exchange(self, path: str, body: object, patience: float) -> tuple[int, bytes]:
        connection = _connect(self.address, patience)
        try:
            headers = {"Accept": _TYPE, "Content-Type": _TYPE}
            connection.request("POST", path, b"" if body is None else json.dumps(body).encode(), headers)
            response = connection.getresponse()
            return response.status, response.read(_LIMIT)
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("plugin", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """To the socket in the file system."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connect(address: PluginAddress, timeout: float) -> http.client.HTTPConnection:
    """Of an address of the web only host and port count, as with dockerd."""
    parts = urlsplit(address.url)
    if parts.scheme == "unix" and parts.path:
        return _UnixConnection(parts.path, timeout)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "tcp" and address.tls)):
        context = _context(address)
        return http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=timeout, context=context)
    if parts.scheme == "http" and address.tls:
        raise PierError(f"plugin address {address.url!r} has a TLSConfig: write https://HOST:PORT")
    if parts.scheme in ("tcp", "http") and parts.hostname:
        return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
    raise Unsupported(f"plugin address {address.url!r}: use unix:///path/of.sock, tcp://HOST:PORT or https://HOST:PORT")


def _context(address: PluginAddress) -> ssl.SSLContext:
    """Read anew for each call, as certificates are replaced. Raises PierError for a file that cannot be used."""
    wanted = address.tls or PluginTls()
    context = ssl.create_default_context()
    try:
        if wanted.authority:
            context.load_verify_locations(wanted.authority)
        if wanted.certificate:
            context.load_cert_chain(wanted.certificate, wanted.key)
    except OSError as error:
        files = ", ".join(filter(None, (wanted.authority, wanted.certificate, wanted.key)))
        raise PierError(f"cannot use the TLS files of the plugin at {address.url} ({files}): {error}") from error
    if wanted.unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
