from collections.abc import Callable, Iterator

import pytest
from benchmark.growth import measure
from benchmark.session import Bench
from fakes.small_engine import SmallEngine

NewBench = Callable[..., Bench]


@pytest.fixture(autouse=True)
def weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is real processes' business; see the tests of `processes`."""
    values: Iterator[float] = iter(range(1, 1000))
    monkeypatch.setattr(measure, "weigh", lambda engine: next(values))
    monkeypatch.setattr(measure, "REQUESTS", 5)


@pytest.mark.parametrize("axis", ["containers", "networks", "images", "finished"])
def test_every_metric_at_every_point_on_every_engine(axis: str, new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    bench = new_bench(growth=True, quick=True, axes=(axis,), points={axis: (1, 3)})
    measure.measure_growth(bench)
    metrics = {"run": 2, "start": 2, "ps": 2, "inspect": 2, "memory": 1} | ({} if axis == "containers" else {"list": 2})
    assert set(bench.rows) == {f"{axis}.{metric}.n{count}" for metric in metrics for count in (1, 3)}
    for key, row in bench.rows.items():
        assert {name: len(values) for name, values in row.values.items()} == dict.fromkeys(
            "ab", metrics[key.split(".")[1]]
        )
    assert not bench.has_failed()
    assert not any(fake.containers or fake.networks or fake.images for fake in fakes)


def test_the_inspected_container_is_one_of_those_that_run(new_bench: NewBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = new_bench(growth=True, quick=True, axes=("containers",), points={"containers": (4,)})
    monkeypatch.setattr(measure, "weigh", lambda engine: len(engine.listed()))
    measure.measure_growth(bench)
    assert bench.rows["containers.memory.n4"].values == {"a": [4], "b": [4]}


def test_an_engine_that_cannot_go_on_stops_climbing(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    bench = new_bench(growth=True, quick=True, axes=("networks",), points={"networks": (1, 2)})
    make = fakes[1]._networks_post
    fakes[1]._networks_post = lambda request, words: (  # type: ignore[method-assign]
        make(request, words) if not fakes[1].networks else (500, {"message": "no address pool is left"})
    )
    measure.measure_growth(bench)
    assert list(bench.rows["networks.made.n2"].failures) == ["b"]
    assert "no address pool is left" in bench.rows["networks.made.n2"].failures["b"][0]
    assert set(bench.rows["networks.ps.n1"].values) == {"a", "b"}
    assert set(bench.rows["networks.ps.n2"].values) == {"a"}
    assert not any(fake.containers or fake.networks for fake in fakes)


def test_things_that_are_not_listed_are_a_failure(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    bench = new_bench(growth=True, quick=True, axes=("networks",), points={"networks": (2,)})
    fakes[0]._networks_get = lambda request, words: (200, [])  # type: ignore[method-assign]
    measure.measure_growth(bench)
    assert bench.rows["networks.made.n2"].failures == {"a": ["2 of 2 networks are not listed"]}
