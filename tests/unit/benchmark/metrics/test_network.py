import subprocess
from collections.abc import Callable

import pytest
from benchmark.marks import CheckFailed
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


def test_names_are_asked_for(new_bench: NewBench, fakes: list[SmallEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, str, str, float]] = []

    def ask(pid: int, name: str, address: str, rate: float) -> dict[str, float]:
        asked.append((pid, name, address, rate))
        return {"asked": 100, "answered": 90, "wrong": 0, "seconds": 2, "p50": 1, "p99": 4}

    monkeypatch.setattr(network, "ask", ask)
    bench = new_bench("dns", quick=True)
    network.dns(bench)
    assert not bench.has_failed()
    medians = {name: row.median("a") for name, row in bench.rows.items()}
    assert medians == {"dns.rate": 45, "dns.p50": 1, "dns.p99": 4, "dns.unanswered": pytest.approx(10)}
    assert [(address, rate) for _, _, address, rate in asked] == [("10.0.0.2", 0), ("10.0.0.2", 20_000)] * 2
    assert not any(fake.containers or fake.networks for fake in fakes)


def test_a_wrong_answer_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        assert command[:4] == ["nsenter", "--target", "7", "--net"]
        return subprocess.CompletedProcess(command, 0, b'{"answered": 3, "wrong": 1}', b"")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(CheckFailed, match="of 3 answers 1 are wrong"):
        network.ask(7, "web", "10.0.0.2", 0)
