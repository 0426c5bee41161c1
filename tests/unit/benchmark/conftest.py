"""A bench over two little engines, and its options."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from benchmark.engine import Engine
from benchmark.options import EngineAt, Options
from benchmark.session import Bench
from fakes.small_engine import SmallEngine


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[list[SmallEngine]]:
    with ExitStack() as stack:
        yield [stack.enter_context(SmallEngine(tmp_path / f"{name}.sock")) for name in ("a", "b")]


@pytest.fixture
def new_bench(fakes: list[SmallEngine], tmp_path: Path) -> Callable[..., Bench]:
    """Makes a bench over the two for some metrics, with one round of each; more options by name."""

    def make(*metrics: str, **options: object) -> Bench:
        engines = [Engine(fake.path.stem, str(fake.path)) for fake in fakes]
        given: dict[str, object] = {"effort": 0.01, "scratch": str(tmp_path)} | options
        at = tuple(EngineAt(engine.name, engine.sock) for engine in engines)
        return Bench(engines, Options(at, metrics, **given), frozenset(metrics))  # type: ignore[arg-type]  # tests name fields freely

    return make
