import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from benchmark.marks import CheckFailed
from benchmark.session import Bench, in_parallel, pets
from fakes.small_engine import SmallEngine

NewBench = Callable[..., Bench]


def test_rounds_turn_round(new_bench: NewBench) -> None:
    bench = new_bench(effort=0.5)
    assert [engine.name for engine in bench.rounds(6)] == ["a", "b", "b", "a", "a", "b"]


def test_at_least_one_round_and_fewer_when_quick(new_bench: NewBench) -> None:
    assert len(list(new_bench(effort=0.01).rounds(6))) == 2
    assert len(list(new_bench(quick=True).rounds(6, quick=3))) == 6


def test_a_failed_check_is_no_sample(new_bench: NewBench, capsys: pytest.CaptureFixture[str]) -> None:
    bench = new_bench()
    engine = bench.engines[0]
    with bench.check("x", engine, "MB/s"):
        bench.add("x", engine, 1, "MB/s")
    assert not bench.has_failed()
    with bench.check("x", engine, "MB/s"):
        raise CheckFailed("exit code 3")
    with bench.check("y", "host"):
        raise OSError("gone")
    assert bench.has_failed()
    assert (bench.rows["x"].values, bench.rows["x"].failures) == ({"a": [1]}, {"a": ["exit code 3"]})
    assert bench.rows["y"].failures == {"host": ["OSError: gone"]}
    assert "FAILED x on a: exit code 3" in capsys.readouterr().err


def test_a_mistake_of_ours_is_no_sample_either(new_bench: NewBench) -> None:
    with pytest.raises(ZeroDivisionError), new_bench().check("x", "host"):
        raise ZeroDivisionError


def test_commands(new_bench: NewBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere")
    bench = new_bench()
    took, printed = bench.command("sh", "-c", "echo $HOME $DOCKER_HOST")
    assert took > 0
    assert printed.decode().split() == [bench.options.scratch]
    with pytest.raises(CheckFailed, match="exit 3"):
        bench.command("sh", "-c", "exit 3")


def test_pets_are_gone_afterwards(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    bench = new_bench()
    with pets(bench, "x", publish=True) as pet:
        assert {name: port > 0 for name, (_, port) in pet.items()} == {"a": True, "b": True}
        assert all(len(fake.containers) == 1 for fake in fakes)
    assert not any(fake.containers for fake in fakes)


def test_a_pet_that_cannot_be_made(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    fakes[1].broken["POST", "create"] = "full"
    bench = new_bench()
    with pets(bench, "x") as pet:
        assert set(pet) == {"a"}
    assert set(bench.rows["x"].failures) == {"b"}


def test_parallel_keeps_order() -> None:
    assert in_parallel(3, lambda number: number * 2, range(5)) == [0, 2, 4, 6, 8]


def test_parallel_drops_what_has_not_begun_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate = [], threading.Event()
    shutdown = ThreadPoolExecutor.shutdown

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise CheckFailed("first")
        gate.wait(20)

    def drop_then_open(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        shutdown(pool, wait=False, cancel_futures=cancel_futures)
        gate.set()
        shutdown(pool, wait=wait)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", drop_then_open)
    with pytest.raises(CheckFailed, match="first"):
        in_parallel(2, work, range(1000))
    assert len(begun) <= 3
