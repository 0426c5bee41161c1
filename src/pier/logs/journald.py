"""The log driver `journald`: systemd's native protocol (systemd documentation, "Native Journal Protocol")."""

import os
import re
import socket
import struct
from collections.abc import Mapping

from pier.domain.errors import PierError
from pier.logs.formats import Record
from pier.logs.stamps import format_stamp

SOCKET = "/run/systemd/journal/socket"
_TIMEOUT = 5.0
_PRIORITIES = {1: b"6", 2: b"3"}  # info, err
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9_]")


def require_journald() -> None:
    """Raises PierError where no journal listens."""
    if not os.path.exists(SOCKET):
        raise PierError("failed to initialize logging driver: journald is not enabled on this host")


def journal_fields(identity: Mapping[str, str], attributes: Mapping[str, str]) -> bytes:
    """What every entry of a container carries: who it is, and the labels and variables that its options ask for."""
    fields = {**identity, **{_field_name(name): value for name, value in attributes.items() if name != "tag"}}
    return b"".join(_field(name, value.encode("utf-8", "replace")) for name, value in fields.items() if name)


def _field_name(name: str) -> str:
    """Names have capitals, digits and underscores, and begin with a letter; the journal's own begin with `_`."""
    return _NOT_IN_NAMES.sub("_", name.upper()).lstrip("_0123456789")


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


class Journald:
    """See Sender."""

    def __init__(self, fields: bytes) -> None:
        self._fields = fields
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(_TIMEOUT)
        try:
            self._socket.connect(SOCKET)
        except OSError:
            self._socket.close()
            raise

    def send(self, record: Record) -> None:
        whole = record.text.endswith(b"\n")
        self._socket.send(
            _field("MESSAGE", record.text.removesuffix(b"\n"))
            + _field("PRIORITY", _PRIORITIES[record.stream])
            + _field("SYSLOG_TIMESTAMP", format_stamp(record.time))
            + (b"" if whole else b"CONTAINER_PARTIAL_MESSAGE=true\n")
            + self._fields
        )

    def close(self) -> None:
        self._socket.close()
