"""Sockets from systemd, and readiness."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pier.api.http.activation import activated_sockets, notify_ready
from pier.api.http.listener import BadListener

# systemd's side: the socket is descriptor 3 of a process whose pid is in LISTEN_PID.
CHILD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "pierd.socket"}
from pier.api.http.activation import activated_sockets
(adopted,) = activated_sockets()
print(adopted.getsockname(), adopted.getblocking(), sorted(name for name in os.environ if name.startswith("LISTEN")))
"""


def run_child(sock: socket.socket) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(sock.fileno())],
        pass_fds=[sock.fileno()],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_socket_of_systemd_is_adopted_and_its_variables_are_taken(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        assert run_child(listening).stdout == f"{path} False []\n"


def test_a_socket_that_does_not_listen_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as idle:
        assert "no listening stream socket" in run_child(idle).stderr


def test_without_systemd_there_is_a_reason_and_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", "1")  # meant for another process
    monkeypatch.setenv("LISTEN_FDS", "1")
    with pytest.raises(BadListener, match=r"pierd\.socket"):
        activated_sockets()


def test_readiness_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        notify_ready()
        assert manager.recv(64) == b"READY=1"
        notify_ready()
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(64)
