import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

PORTS = {
    "443/tcp": None,
    "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
    "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}],
}


@pytest.mark.parametrize(
    ("argv", "code", "out"),
    [
        ([], 0, "53/udp -> 127.0.0.1:53\n80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n"),
        (["80"], 0, "0.0.0.0:8080\n[::]:8080\n"),
        (["53/udp"], 0, "127.0.0.1:53\n"),
        (["443"], 1, ""),
    ],
)
def test_port(engine: HttpEngine, pier: Pier, argv: list[str], code: int, out: str) -> None:
    engine.answer("GET", "/containers/c/json", {"NetworkSettings": {"Ports": PORTS}})
    got, text, err = pier("port", "c", *argv)
    assert (got, text) == (code, out)
    assert bool(err) == bool(code)
