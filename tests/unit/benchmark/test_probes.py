import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from benchmark import probes
from benchmark.engine import Engine
from benchmark.marks import CheckFailed
from fakes.small_engine import SmallEngine


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/index.html" else 404)
        self.end_headers()
        self.wfile.write(b"page")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(5)


def test_a_page(port: int) -> None:
    assert probes.fetch(port) > len(b"page")
    probes.await_http(port)
    with pytest.raises(ConnectionError):
        probes.fetch(port, "/other")


def test_a_port_that_never_answers() -> None:
    with pytest.raises(CheckFailed, match="never answered"):
        probes.await_http(probes.free_port(), seconds=0.01)


@pytest.mark.parametrize("conns", [1, 8])
def test_hammer_asks_as_often_as_told(fakes: list[SmallEngine], conns: int) -> None:
    times, rate = probes.hammer(Engine("a", str(fakes[0].path)), "/containers/json", conns, 40, 10)
    assert len(times) == len(fakes[0].requests) == 40
    assert min(times) > 0
    assert rate > 0


def test_hammer_stops_when_time_is_up(fakes: list[SmallEngine]) -> None:
    times, _ = probes.hammer(Engine("a", str(fakes[0].path)), "/containers/json", 2, 1_000_000, 0)
    assert len(times) == 2


def test_hammer_takes_no_refusal(fakes: list[SmallEngine]) -> None:
    with pytest.raises(CheckFailed, match="404"):
        probes.hammer(Engine("a", str(fakes[0].path)), "/nothing", 1, 10, 1)
