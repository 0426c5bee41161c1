"""The asker, with a little DNS server on loopback in the place of a container's."""

import socket
import threading
from collections.abc import Iterator

import pytest
from benchmark import questions


def serve(sock: socket.socket, address: bytes) -> None:
    while True:
        try:
            data, peer = sock.recvfrom(512)
        except OSError:
            return
        if not data:
            return
        header = data[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
        sock.sendto(header + data[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + address, peer)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(sock, b"\x0a\0\0\2"))
    thread.start()
    monkeypatch.setattr(questions, "SERVER", sock.getsockname())
    yield
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", sock.getsockname())
    thread.join()
    sock.close()


def test_a_question_is_a_dns_message() -> None:
    assert questions.question("web.front") == b"\1\0\0\1\0\0\0\0\0\0\3web\5front\0\0\1\0\1"


@pytest.mark.usefixtures("server")
def test_answers_are_counted_and_timed() -> None:
    found = questions.main("web", "10.0.0.2", 0, 0.05)
    assert found["asked"] == found["answered"] > questions.SOCKETS * questions.WINDOW
    assert found["wrong"] == 0
    assert 0 < found["p50"] <= found["p99"]


@pytest.mark.usefixtures("server")
def test_a_rate_is_kept() -> None:
    found = questions.main("web", "10.0.0.2", 400, 0.2)
    assert 70 <= found["asked"] <= 80
    assert found["answered"] == found["asked"]


@pytest.mark.usefixtures("server")
def test_an_answer_with_another_address_is_wrong() -> None:
    found = questions.main("web", "10.0.0.3", 100, 0.05)
    assert found["wrong"] == found["answered"] > 0
