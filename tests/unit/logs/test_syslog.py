import os
import re
import socket
import ssl
import threading
from pathlib import Path

import pytest
from support.certificates import make_certificates

from pier.domain.errors import InvalidArgument
from pier.logs import syslog
from pier.logs.localformat import LocalRecord
from pier.logs.syslog import Syslog, SyslogOptions, parse_syslog

RECORD = LocalRecord(2, 1_500_000_000_123_456_789, b"oops \xff\n")
HEADS = {
    "": rb"<155>\w{3} [ \d]\d \d\d:\d\d:\d\d web\[%d\]: ",
    "rfc3164": rb"<155>\w{3} [ \d]\d \d\d:\d\d:\d\d %b web\[%d\]: ",
    "rfc5424": rb"<155>1 2017-07-14T02:40:00Z %b web %d web - ",
    "rfc5424micro": rb"<155>1 2017-07-14T02:40:00\.123456Z %b web %d web - ",
}


@pytest.mark.parametrize("form", list(HEADS))
def test_a_message_over_udp(form: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        address = f"udp://127.0.0.1:{server.getsockname()[1]}"
        options = {"syslog-address": address, "syslog-format": form, "syslog-facility": "local3"}
        sender = Syslog(parse_syslog(options), "web")
        sender.send(RECORD)
        pattern = (
            HEADS[form].replace(b"%b", re.escape(socket.gethostname().encode())).replace(b"%d", b"%d" % os.getpid())
        )
        assert re.fullmatch(pattern + b"oops \xff", server.recv(1000))
        sender.close()


def test_messages_over_a_stream_end_with_a_newline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = Syslog(SyslogOptions(kind="tcp", host="127.0.0.1", port=server.getsockname()[1]), "web")
        connection, _ = server.accept()
        sender.send(RECORD)
        sender.send(RECORD)
        sender.close()
        data = b""
        while chunk := connection.recv(1000):
            data += chunk
        connection.close()
    assert data.count(b": oops \xff\n") == 2


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_the_local_daemon_is_found_whatever_its_socket(
    tmp_path: Path, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "log")
    monkeypatch.setattr(syslog, "_LOCAL", ("/absent", path))
    with socket.socket(socket.AF_UNIX, kind) as server:
        server.bind(path)
        if kind == socket.SOCK_STREAM:
            server.listen()
        sender = Syslog(parse_syslog({}), "web")
        sender.send(RECORD)
        got = server.accept()[0] if kind == socket.SOCK_STREAM else server
        assert got.recv(1000).startswith(b"<27>")
        got.close()
        sender.close()


def test_no_daemon_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_LOCAL", ("/absent",))
    with pytest.raises(OSError, match="no syslog daemon"):
        Syslog(SyslogOptions(), "web")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"syslog-format": "x"}, "Invalid syslog format"),
        ({"syslog-facility": "x"}, "invalid syslog facility"),
        ({"syslog-facility": "24"}, "invalid syslog facility"),
        ({"syslog-address": "ftp://x"}, "unsupported scheme: 'ftp'"),
        ({"syslog-address": "udp://x:port"}, "invalid syslog-address"),
        ({"syslog-address": "unix:///absent"}, "stat /absent: no such file"),
        ({"syslog-address": "tcp+tls://x:1", "syslog-tls-ca-cert": "/absent"}, "cannot read the files of syslog"),
    ],
)
def test_what_is_wrong_is_said(options: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        parse_syslog(options)


def test_numbers_of_facilities_and_the_default_port() -> None:
    assert parse_syslog({"syslog-facility": "16", "syslog-address": "tcp://log.example"}) == SyslogOptions(
        kind="tcp", host="log.example", port=514, facility=16
    )


@pytest.mark.parametrize(
    ("form", "frame"), [("", rb"<155>.*: oops \xff\n"), ("rfc5424", rb"\d+ <155>1 .* - oops \xff")]
)
def test_a_message_over_tls(tmp_path: Path, form: str, frame: bytes) -> None:
    make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    context.load_verify_locations(tmp_path / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with context.wrap_socket(server.accept()[0], server_side=True) as secure:
                heard.append(secure.recv(1000))

        thread = threading.Thread(target=answer)
        thread.start()
        files = {"ca-cert": "ca.crt", "cert": "client.cert", "key": "client.key"}
        options = {f"syslog-tls-{name}": str(tmp_path / file) for name, file in files.items()}
        options["syslog-address"] = f"tcp+tls://127.0.0.1:{server.getsockname()[1]}"
        sender = Syslog(parse_syslog(options | {"syslog-format": form, "syslog-facility": "local3"}), "web")
        sender.send(RECORD)
        thread.join(10)
        sender.close()
    assert re.fullmatch(frame, heard[0])
