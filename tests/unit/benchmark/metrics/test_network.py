from collections.abc import Callable

import pytest
from benchmark.metrics import network
from benchmark.session import Bench
from fakes.small_engine import SmallEngine

NewBench = Callable[..., Bench]


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ports answer at once, with a big file where that is asked for; the list says which were asked."""
    asked: list[int] = []

    def fetch(port: int, path: str = "/index.html") -> int:
        asked.append(port)
        return network.BIG + 50 if path == "/big" else 60

    monkeypatch.setattr(network, "fetch", fetch)
    monkeypatch.setattr(network, "await_http", lambda port: asked.append(port))
    return asked


def test_until_a_port_answers(new_bench: NewBench, fakes: list[SmallEngine], pages: list[int]) -> None:
    bench = new_bench("net_run")
    network.net_run(bench)
    assert set(bench.rows) == {"net_run", "net_run.after_start", "net_run.rm_force"}
    assert len(pages) == 2
    assert not any(fake.containers for fake in fakes)


def test_restart_gap(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    bench = new_bench("restart_gap")
    network.restart_gap(bench)
    assert set(bench.rows["restart_gap"].values) == {"a", "b"}
    assert [request.path.split("/")[-1] for request in fakes[0].requests if "restart" in request.path] == ["restart"]


def test_through_a_port(new_bench: NewBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = new_bench("port_throughput", "port_latency")
    network.ports(bench)
    assert (bench.rows["port_throughput"].unit, set(bench.rows["port_latency"].values)) == ("MB/s", {"a", "b"})
    monkeypatch.setattr(network, "fetch", lambda port, path="": 100)
    network.ports(bench)
    assert bench.rows["port_throughput"].failures["a"] == ["100 bytes came through"]
