"""Where the server listens: unix sockets with their owner and mode, and TCP.

Whoever may connect is root on this host: a unix socket is made readable for root and one group only, and TCP without
TLS that verifies clients is refused on any other address than loopback unless the operator insists.
"""

import contextlib
import errno
import grp
import ipaddress
import os
import socket
import ssl
import stat
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_GROUP = "pier"
DEFAULT_PORT = 2375
TLS_PORT = 2376
BACKLOG = 1024


class BadListener(Exception):
    """An address that cannot, or must not, be listened on; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """`path` for a unix socket, `activated` for those that systemd hands over, else `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = 0
    group: str = DEFAULT_GROUP
    allow_insecure_tcp: bool = False
    activated: bool = False
    tls: ssl.SSLContext | None = None  # of TCP

    @property
    def url(self) -> str:
        if self.activated:
            return "fd://"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix://{self.path}" if self.path else f"tcp://{host}:{self.port}"


def parse_listener(
    url: str, *, group: str = DEFAULT_GROUP, allow_insecure_tcp: bool = False, tls: ssl.SSLContext | None = None
) -> Listener:
    """`unix:///run/pier.sock`, `tcp://127.0.0.1:2375` or `fd://`. Raises BadListener."""
    if url == "fd://":
        return Listener(activated=True)
    scheme, separator, rest = url.partition("://")
    if scheme == "unix" and separator and rest.startswith("/"):
        return Listener(path=rest, group=group)
    if scheme == "tcp" and separator:
        try:
            parts = urlsplit(url)
            port = parts.port if parts.port is not None else DEFAULT_PORT if tls is None else TLS_PORT
        except ValueError as error:
            raise BadListener(f"cannot listen on {url!r}: {error}") from error
        host = parts.hostname or "127.0.0.1"
        return Listener(host=host, port=port, allow_insecure_tcp=allow_insecure_tcp, tls=tls)
    raise BadListener(f"cannot listen on {url!r}: use unix:///path, tcp://address:port or fd://")


def open_socket(listener: Listener) -> socket.socket:
    """A bound socket that does not listen yet. Raises BadListener."""
    return _open_unix(listener) if listener.path else _open_tcp(listener)


def remove_socket(path: str, inode: int) -> None:
    """Unlinks the socket file if it is still the one we made."""
    with contextlib.suppress(OSError):
        if os.stat(path).st_ino == inode:
            os.unlink(path)


def _open_unix(listener: Listener) -> socket.socket:
    path = listener.path
    _remove_stale(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        # Nobody can connect between bind and chmod: bind makes the file with the socket's mode (net/unix/af_unix.c).
        # A umask would do, too, but it is the whole process's, and other threads make files meanwhile.
        os.fchmod(server.fileno(), 0o600)
        server.bind(path)
        with contextlib.suppress(KeyError):
            if os.geteuid() == 0:
                os.chown(path, 0, grp.getgrnam(listener.group).gr_gid)
        os.chmod(path, 0o660)
    except OSError as error:
        server.close()
        raise BadListener(f"cannot listen on unix://{path}: {error.strerror}") from error
    return server


def _remove_stale(path: str) -> None:
    """A socket that refuses a connection has no owner any more; anything else that is there stays."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise BadListener(f"cannot listen on unix://{path}: there is a file of that name which is no socket; remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        result = probe.connect_ex(path)
    if result != errno.ECONNREFUSED:
        raise BadListener(f"cannot listen on unix://{path}: another process listens there; stop it or use another path")
    os.unlink(path)


def _open_tcp(listener: Listener) -> socket.socket:
    try:
        found = socket.getaddrinfo(listener.host, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise BadListener(f"cannot listen on {listener.url}: {error.strerror}") from error
    family, kind, protocol, _, address = found[0]
    verified = listener.tls is not None and listener.tls.verify_mode == ssl.CERT_REQUIRED
    if not verified and not listener.allow_insecure_tcp and not ipaddress.ip_address(address[0]).is_loopback:
        raise BadListener(
            f"refusing to listen on {listener.url} without TLS that verifies clients: whoever reaches it is root on "
            "this host; use tlsverify or a loopback address, or allow insecure TCP explicitly"
        )
    server = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # inherited by accepted connections
        server.bind(address)
    except OSError as error:
        server.close()
        raise BadListener(f"cannot listen on {listener.url}: {error.strerror}") from error
    return server
