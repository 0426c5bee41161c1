from pathlib import Path

import pytest

from pier.client.address import parse_address
from pier.client.connection import Connection
from pier.client.errors import EngineUnreachable


def ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """What stands for the ssh program."""
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_requests_go_through_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi"
    ssh(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/arguments; read line; printf "{answer}"')
    connection = Connection(parse_address("ssh://far"))
    connection.send_request("GET", "/x")
    assert connection.read_response().read() == b"hi"
    assert (tmp_path / "arguments").read_text().endswith("-- far pier system dial-stdio\n")
    connection.close()


def test_a_host_without_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnreachable, match="cannot run ssh to reach the Pier daemon at ssh://far"):
        Connection(parse_address("ssh://far"))
