"""The log driver `syslog`: RFC 3164 as the local daemon takes it, RFC 3164 and RFC 5424 over the network."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pier.domain.errors import InvalidArgument, Unsupported
from pier.logs.formats import Record
from pier.logs.stamps import SECOND

_LOCAL = ("/dev/log", "/var/run/syslog", "/var/run/log")
_TIMEOUT = 5.0
_SEVERITIES = {1: 6, 2: 3}  # info, err
_FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("", "", "", ""),
    *(f"local{n}" for n in range(8)),
)
_FORMATS = ("", "rfc3164", "rfc5424", "rfc5424micro")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogOptions:
    """`kind`: unix (found by itself when `path` is empty), unixgram, udp or tcp."""

    kind: str = "unix"
    path: str = ""
    host: str = ""
    port: int = 514
    facility: int = 3  # daemon
    format: str = ""


def parse_syslog(options: Mapping[str, str]) -> SyslogOptions:
    """Raises InvalidArgument in dockerd's words, Unsupported for TLS."""
    form = options.get("syslog-format", "")
    if form not in _FORMATS:
        raise InvalidArgument("Invalid syslog format")
    facility = _facility(options.get("syslog-facility", "daemon"))
    address = options.get("syslog-address", "")
    if not address:
        return SyslogOptions(facility=facility, format=form)
    try:
        parts = urlsplit(address)
        port = parts.port or 514
    except ValueError as error:
        raise InvalidArgument(f"invalid syslog-address {address!r}: {error}") from error
    if parts.scheme == "tcp+tls" or any(name.startswith("syslog-tls") for name in options):
        raise Unsupported("Pier does not support syslog over TLS yet: syslog-address tcp+tls and syslog-tls options")
    if parts.scheme in ("unix", "unixgram"):
        if not os.path.exists(parts.path):
            raise InvalidArgument(f"stat {parts.path}: no such file or directory")
        return SyslogOptions(kind=parts.scheme, path=parts.path, facility=facility, format=form)
    if parts.scheme not in ("udp", "tcp") or not parts.hostname:
        raise InvalidArgument(f"unsupported scheme: '{parts.scheme}'" if parts.scheme else f"invalid address {address}")
    return SyslogOptions(kind=parts.scheme, host=parts.hostname, port=port, facility=facility, format=form)


def _facility(text: str) -> int:
    if text in _FACILITIES and text:
        return _FACILITIES.index(text)
    if text.isascii() and text.isdigit() and int(text) <= 23:
        return int(text)
    raise InvalidArgument("invalid syslog facility")


class Syslog:
    """See Sender."""

    def __init__(self, options: SyslogOptions, tag: str) -> None:
        self._options = options
        self._tag = tag
        self._host = socket.gethostname()
        self._socket, self._framed = _connect(options)

    def send(self, record: Record) -> None:
        priority = self._options.facility * 8 + _SEVERITIES[record.stream]
        head = _HEADS[self._options.format](priority, record.time, self._host, self._tag)
        line = head.encode() + record.text.removesuffix(b"\n")
        self._socket.sendall(line + b"\n" if self._framed else line)

    def close(self) -> None:
        self._socket.close()


def _connect(options: SyslogOptions) -> tuple[socket.socket, bool]:
    """The connection, and whether messages on it end with a newline. Raises OSError."""
    if options.kind == "tcp":
        return socket.create_connection((options.host, options.port), _TIMEOUT), True
    if options.kind == "udp":
        family, kind, protocol, _, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_DGRAM)[0]
        return _opened(family, kind, protocol, address), False
    paths = (options.path,) if options.path else tuple(path for path in _LOCAL if os.path.exists(path))
    for path in paths:
        try:
            return _opened(socket.AF_UNIX, socket.SOCK_DGRAM, 0, path), False
        except OSError:
            if options.kind == "unixgram":
                raise
        return _opened(socket.AF_UNIX, socket.SOCK_STREAM, 0, path), True
    raise OSError("no syslog daemon listens on this host")


def _opened(family: int, kind: int, protocol: int, address: object) -> socket.socket:
    opened = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
    opened.settimeout(_TIMEOUT)
    try:
        opened.connect(address)  # type: ignore[arg-type]  # what getaddrinfo gave for this family
    except OSError:
        opened.close()
        raise
    return opened


def _local(priority: int, nanoseconds: int, _: str, tag: str) -> str:
    return f"<{priority}>{_old_stamp(nanoseconds)} {tag}[{os.getpid()}]: "


def _rfc3164(priority: int, nanoseconds: int, host: str, tag: str) -> str:
    return f"<{priority}>{_old_stamp(nanoseconds)} {host} {tag}[{os.getpid()}]: "


def _old_stamp(nanoseconds: int) -> str:
    """`Nov  5 09:07:03`, the host's own time (RFC 3164, 4.1.2)."""
    moment = time.localtime(nanoseconds // SECOND)
    return f"{time.strftime('%b', moment)} {moment.tm_mday:2} {time.strftime('%H:%M:%S', moment)}"


def _rfc5424(digits: int) -> Callable[[int, int, str, str], str]:
    def head(priority: int, nanoseconds: int, host: str, tag: str) -> str:
        seconds, fraction = divmod(nanoseconds, SECOND)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        if digits:
            stamp += f".{fraction:09}"[: digits + 1]
        return f"<{priority}>1 {stamp}Z {host} {tag} {os.getpid()} {tag} - "

    return head


_HEADS: Mapping[str, Callable[[int, int, str, str], str]] = {
    "": _local,
    "rfc3164": _rfc3164,
    "rfc5424": _rfc5424(0),
    "rfc5424micro": _rfc5424(6),
}
