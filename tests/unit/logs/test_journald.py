import socket
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.logs import journald
from pier.logs.journald import Journald, journal_fields, require_journald
from pier.logs.localformat import LocalRecord


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """What systemd-journald listens on."""
    path = str(tmp_path / "socket")
    monkeypatch.setattr(journald, "SOCKET", path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
    listener.settimeout(5)
    return listener


def test_an_entry_has_dockers_fields(journal: socket.socket) -> None:
    fields = journal_fields({"CONTAINER_ID": "abc"}, {"com.example/tier": "front", "tag": "t", "1_x": "y"})
    sender = Journald(fields)
    sender.send(LocalRecord(2, 1_500_000_000, b"oops\n"))
    assert journal.recv(65536).splitlines() == [
        b"MESSAGE=oops",
        b"PRIORITY=3",
        b"SYSLOG_TIMESTAMP=1970-01-01T00:00:01.5Z",
        b"CONTAINER_ID=abc",
        b"COM_EXAMPLE_TIER=front",
        b"X=y",
    ]
    sender.close()
    journal.close()


def test_pieces_and_values_with_newlines_are_marked(journal: socket.socket) -> None:
    sender = Journald(journal_fields({}, {"note": "two\nlines"}))
    sender.send(LocalRecord(1, 0, b"piece"))
    data = journal.recv(65536)
    assert b"MESSAGE=piece\nPRIORITY=6\n" in data
    assert b"CONTAINER_PARTIAL_MESSAGE=true\n" in data
    assert b"NOTE\n\x09\0\0\0\0\0\0\0two\nlines\n" in data
    sender.close()
    journal.close()


def test_a_host_without_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journald, "SOCKET", str(tmp_path / "absent"))
    with pytest.raises(PierError, match="journald is not enabled on this host"):
        require_journald()
    with pytest.raises(OSError, match="No such file"):
        Journald(b"")
