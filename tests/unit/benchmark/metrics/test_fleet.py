from collections.abc import Callable

import pytest
from benchmark.engine import Engine
from benchmark.metrics import fleet
from benchmark.session import Bench
from fakes.small_engine import SmallEngine

NewBench = Callable[..., Bench]


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "SETTLE_SECONDS", 0.001)
    monkeypatch.setattr(fleet.Fleet, "limit", 0.01)
    monkeypatch.setattr(fleet, "MANY", 4)
    monkeypatch.setattr(fleet, "FEW", 2)
    monkeypatch.setattr(fleet, "RESTED", 1)


def heavy(engine: Engine) -> dict[int, tuple[str, int]]:
    """1 MB for the daemon, 0.5 MB for each container, 2 MB for the first port and 0.1 MB for each."""
    sizes = {1: ("daemon", 1_000_000 // 1024), 2: ("shim", len(engine.listed()) * 500_000 // 1024)}
    ports = sum(len(engine.inspect(one["Id"])["NetworkSettings"]["Ports"]) for one in engine.listed())
    return sizes | ({3: ("relay", (2_000_000 + ports * 100_000) // 1024)} if ports else {})


def test_memory_and_lists(new_bench: NewBench, fakes: list[SmallEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "footprint", heavy)
    bench = new_bench("memory", "ps_api", "inspect_api", "stats_latency")
    fleet.scale(bench)
    assert not bench.has_failed()
    medians = {name: row.median("a") for name, row in bench.rows.items()}
    assert medians["memory.idle"] == pytest.approx(1, rel=0.01)
    assert medians["memory.per_container"] == pytest.approx(0.5, rel=0.01)
    assert medians["memory.first_port"] == pytest.approx(2.1, rel=0.01)
    assert medians["memory.per_port"] == pytest.approx(0.1, rel=0.01)
    assert medians["memory.after"] == pytest.approx(1, rel=0.01)
    assert {f"ps_api.n{n}.c{c}.{what}" for n in (1, 4) for c in (1, 8) for what in ("p50", "p99", "rate")} < set(
        medians
    )
    assert {"inspect_api.n1.p50", "inspect_api.n4.p50", "stats_latency", "memory.idle_cpu_n4"} < set(medians)
    assert bench.notes["a with 4 containers, PSS in kB"] == {"daemon": 976, "shim": 1953}
    assert not any(fake.containers for fake in fakes)


def test_only_lists_when_only_lists_are_asked_for(new_bench: NewBench) -> None:
    bench = new_bench("ps_api", quick=True)
    fleet.scale(bench)
    assert all(name.startswith("ps_api.") for name in bench.rows)


def test_a_list_that_lacks_containers(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    inner = fakes[0]._containers_get
    fakes[0]._containers_get = lambda request, words: (  # type: ignore[method-assign]
        (200, []) if words == ["json"] else inner(request, words)
    )
    bench = new_bench("ps_api", quick=True)
    fleet.scale(bench)
    assert "containers missing from the list" in bench.rows["ps_api.n1.c1"].failures["a"][0]
    assert "b" in bench.rows["ps_api.n1.c1.p50"].values
