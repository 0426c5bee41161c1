import os
import socket
import stat
from pathlib import Path

import pytest

from pier.api.http.listener import BadListener, Listener, open_socket, parse_listener, remove_socket


@pytest.mark.parametrize(
    ("url", "again"),
    [
        ("unix:///run/pier.sock", "unix:///run/pier.sock"),
        ("tcp://127.0.0.1:80", "tcp://127.0.0.1:80"),
        ("tcp://[::1]:80", "tcp://[::1]:80"),
        ("tcp://localhost", "tcp://localhost:2375"),
    ],
)
def test_urls(url: str, again: str) -> None:
    assert parse_listener(url).url == again


@pytest.mark.parametrize("url", ["", "unix://relative", "http://x", "tcp://x:port", "/run/x.sock"])
def test_bad_urls(url: str) -> None:
    with pytest.raises(BadListener, match="cannot listen on"):
        parse_listener(url)


def test_a_unix_socket_is_for_owner_and_group_only(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "s"
    with open_socket(Listener(path=str(path))):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_unix_socket_is_closed_to_others_from_its_first_moment_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s"
    seen: list[int] = []
    monkeypatch.setattr(os, "chmod", lambda name, mode: seen.append(stat.S_IMODE(path.stat().st_mode)))
    old = os.umask(0)
    try:
        open_socket(Listener(path=str(path))).close()
    finally:
        os.umask(old)
    assert seen == [0o600]


def test_a_socket_that_nobody_listens_on_is_replaced(tmp_path: Path) -> None:
    listener = Listener(path=str(tmp_path / "s"))
    open_socket(listener).close()
    open_socket(listener).close()


def test_a_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(BadListener, match="another process listens there"):
            open_socket(Listener(path=str(path)))
        assert path.exists()


def test_a_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(BadListener, match="no socket"):
        open_socket(Listener(path=str(path)))
    assert path.read_text() == "precious"


def test_only_our_own_socket_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with open_socket(Listener(path=str(path))):
        inode = os.stat(path).st_ino
        remove_socket(str(path), inode + 1)
        assert path.exists()
        remove_socket(str(path), inode)
        assert not path.exists()


def test_tcp_on_another_address_is_refused_unless_insisted_on() -> None:
    with pytest.raises(BadListener, match="without TLS"):
        open_socket(Listener(host="0.0.0.0", port=0))
    open_socket(Listener(host="0.0.0.0", port=0, allow_insecure_tcp=True)).close()
    open_socket(Listener(host="127.0.0.1", port=0)).close()
