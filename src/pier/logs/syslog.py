"""The log driver `syslog`: RFC 3164 as the local daemon takes it, RFC 3164 and RFC 5424 over the network."""

import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pier.domain.errors import InvalidArgument
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
    """`kind`: unix (found by itself when `path` is empty), unixgram, udp, tcp or tcp+tls.

    `ca`, `certificate` and `key` are paths of PEM files, "" for the host's authorities and no certificate of ours.
    """

    kind: str = "unix"
    path: str = ""
    host: str = ""
    port: int = 514
    facility: int = 3  # daemon
    format: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    skip_verify: bool = False


def parse_syslog(options: Mapping[str, str]) -> SyslogOptions:
    """Raises InvalidArgument in dockerd's words."""
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
    if parts.scheme in ("unix", "unixgram"):
        if not os.path.exists(parts.path):
            raise InvalidArgument(f"stat {parts.path}: no such file or directory")
        return SyslogOptions(kind=parts.scheme, path=parts.path, facility=facility, format=form)
    if parts.scheme not in ("udp", "tcp", "tcp+tls") or not parts.hostname:
        raise InvalidArgument(f"unsupported scheme: '{parts.scheme}'" if parts.scheme else f"invalid address {address}")
    found = SyslogOptions(
        kind=parts.scheme,
        host=parts.hostname,
        port=port,
        facility=facility,
        format=form,
        ca=options.get("syslog-tls-ca-cert", ""),
        certificate=options.get("syslog-tls-cert", ""),
        key=options.get("syslog-tls-key", ""),
        skip_verify="syslog-tls-skip-verify" in options,  # with any value, as with dockerd
    )
    if found.kind == "tcp+tls":
        _context(found)  # a file that cannot be read is told at once
    return found


def _context(options: SyslogOptions) -> ssl.SSLContext:
    """Raises InvalidArgument for files that cannot be read."""
    try:
        context = ssl.create_default_context(cafile=options.ca or None)
        if options.skip_verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if options.certificate:
            context.load_cert_chain(options.certificate, options.key or None)
    except OSError as error:
        files = ", ".join(filter(None, (options.ca, options.certificate, options.key)))
        raise InvalidArgument(f"cannot read the files of syslog over TLS ({files}): {error}") from error
    return context


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
        self._socket.sendall(self._frame(line))

    def _frame(self, line: bytes) -> bytes:
        """On streams a message ends with a newline; RFC 5424 over TLS counts it instead (RFC 5425, 4.3)."""
        if self._options.kind == "tcp+tls" and self._options.format.startswith("rfc5424"):
            return b"%d %b" % (len(line), line)
        return line + b"\n" if self._framed else line

    def close(self) -> None:
        self._socket.close()


def _connect(options: SyslogOptions) -> tuple[socket.socket, bool]:
    """The connection, and whether messages on it end with a newline. Raises OSError."""
    if options.kind in ("tcp", "tcp+tls"):
        opened = socket.create_connection((options.host, options.port), _TIMEOUT)
        if options.kind == "tcp":
            return opened, True
        try:
            return _context(options).wrap_socket(opened, server_hostname=options.host), True
        except (OSError, InvalidArgument) as error:
            opened.close()
            raise OSError(f"TLS: {error}") from error
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
