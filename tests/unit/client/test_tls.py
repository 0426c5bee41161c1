"""TLS of the client, against a server that the standard library runs in a thread."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.certificates import make_certificates

from pier.client.address import TlsFiles, parse_address
from pier.client.connection import Connection
from pier.client.errors import EngineUnreachable
from pier.client.tls import client_context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture
def serve(certificates: Path) -> Iterator[Callable[[Callable[[ssl.SSLSocket], None]], str]]:
    """Answers one connection by a function; the server's address."""
    threads = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def start(answer: Callable[[ssl.SSLSocket], None]) -> str:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
            context.load_verify_locations(certificates / "ca.crt")
            context.verify_mode = ssl.CERT_REQUIRED

            def run() -> None:
                connection, _ = listener.accept()
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        answer(secure)
                except OSError:
                    connection.close()

            threads.append(threading.Thread(target=run))
            threads[-1].start()
            return f"tcp://127.0.0.1:{listener.getsockname()[1]}"

        yield start
        for thread in threads:
            thread.join(10)


def files_of(certificates: Path) -> TlsFiles:
    names = ("ca.crt", "client.cert", "client.key")
    return TlsFiles(*(str(certificates / name) for name in names))


def test_requests_and_answers_pass(serve: Callable[..., str], certificates: Path) -> None:
    body = b"x" * 300_000

    def answer(secure: ssl.SSLSocket) -> None:
        assert b"GET /thing" in secure.recv(65536)
        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    connection = Connection(parse_address(serve(answer), files_of(certificates)))
    connection.send_request("GET", "/thing")
    assert connection.read_response().read() == body
    connection.close()


def test_an_engine_of_another_authority_is_not_trusted(serve: Callable[..., str], certificates: Path) -> None:
    address = serve(lambda secure: None)
    files = files_of(certificates)
    files.ca = ""
    with pytest.raises(EngineUnreachable, match="certificate verify failed"):
        Connection(parse_address(address, files))


def test_without_verification_any_engine_is_taken(serve: Callable[..., str], certificates: Path) -> None:
    files = files_of(certificates)
    files.ca, files.verify = "", False
    said: list[bytes] = []
    connection = Connection(parse_address(serve(lambda secure: said.append(secure.recv(100))), files))
    connection.send_request("GET", "/x")
    connection.socket.settimeout(10)
    assert connection.socket.recv(10) == b""  # it has heard us and left
    assert said[0].startswith(b"GET /x")
    connection.close()


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        client_context(TlsFiles(str(tmp_path / "absent")))
    address = parse_address("tcp://far", TlsFiles())
    assert (address.host, address.port) == ("far", 2376)
