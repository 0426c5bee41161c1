import socket
from pathlib import Path

import pytest

from pier.domain.container import Config, Container, HostConfig, LogConfig
from pier.domain.errors import InvalidArgument, PierError
from pier.logs import journald
from pier.logs.forwarding import forwarder_for
from pier.logs.localformat import LocalRecord

CONTAINER = Container(
    id="0123456789abcdef" * 4,
    name="web",
    created_at=0,
    image_ref="img",
    image_id="sha256:1",
    config=Config(labels={"tier": "front"}),
    host_config=HostConfig(),
)


def test_files_alone_hand_nothing_on() -> None:
    for driver in ("json-file", "local", "none"):
        assert forwarder_for(LogConfig(driver=driver), CONTAINER) is None
    assert forwarder_for(None, CONTAINER) is None


def test_the_container_is_named_by_its_tag() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        address = f"udp://127.0.0.1:{server.getsockname()[1]}"
        for tag, shown in (("", b" 0123456789ab["), ("{{.Name}}/x", b" web/x[")):
            config = LogConfig(driver="syslog", options={"syslog-address": address, "tag": tag})
            forwarder = forwarder_for(config, CONTAINER)
            assert forwarder is not None
            forwarder.put([LocalRecord(1, 1, b"line\n")])
            assert shown in server.recv(1000)
            forwarder.close()
            forwarder.join()


def test_the_journal_gets_who_the_container_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "socket")
    monkeypatch.setattr(journald, "SOCKET", path)
    config = LogConfig(driver="journald", options={"labels": "tier", "tag": "{{.Name}}"})
    with pytest.raises(PierError, match="journald is not enabled"):
        forwarder_for(config, CONTAINER)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(5)
        forwarder = forwarder_for(config, CONTAINER)
        assert forwarder is not None
        forwarder.put([LocalRecord(1, 1, b"line\n")])
        entry = server.recv(10000).splitlines()
        forwarder.close()
        forwarder.join()
    assert {b"CONTAINER_NAME=web", b"CONTAINER_TAG=web", b"IMAGE_NAME=img", b"TIER=front"} <= set(entry)


def test_a_log_without_a_container_cannot_be_named() -> None:
    with pytest.raises(InvalidArgument, match="names the container"):
        forwarder_for(LogConfig(driver="syslog"), None)
