from collections.abc import Callable
from pathlib import Path

import pytest
from benchmark.metrics import runs
from benchmark.session import Bench
from fakes.small_engine import SmallEngine

NewBench = Callable[..., Bench]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "TRAP_SECONDS", 0)


@pytest.fixture
def docker(tmp_path: Path) -> str:
    """A docker CLI that prints what its last word's file says."""
    path = tmp_path / "docker"
    path.write_text('#!/bin/sh\nfor word; do :; done\ncat "$(dirname "$0")/says-$word" 2> /dev/null || true\n')
    path.chmod(0o755)
    return str(path)


def test_run_by_steps(new_bench: NewBench) -> None:
    bench = new_bench("run_api")
    runs.run_api(bench)
    rows = {name: row.values["a"][0] for name, row in bench.rows.items()}
    assert set(rows) == {"run_api", *(f"run_api.{step}" for step in ("create", "start", "wait", "remove"))}
    assert sum(rows.values()) == pytest.approx(2 * rows["run_api"])


def test_start_and_stop(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    bench = new_bench("start_api", "stop_api")
    runs.start_stop(bench)
    assert {key: set(row.values) for key, row in bench.rows.items()} == {"start_api": set("ab"), "stop_api": set("ab")}
    assert not any(fake.containers for fake in fakes)


def test_stopped_by_more_than_term(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    fakes[0].exit_code = 137
    bench = new_bench("stop_api")
    runs.start_stop(bench)
    assert bench.rows["stop_api"].failures == {"a": ["exit code 137: not stopped by TERM"]}


def test_exec_and_its_cli(new_bench: NewBench, docker: str, tmp_path: Path) -> None:
    (tmp_path / "says-hi").write_text("hi\n")
    bench = new_bench("exec_api", "exec_cli", docker=docker)
    runs.execs(bench)
    assert set(bench.rows) == {"exec_api", "exec_cli"}
    assert not bench.has_failed()
    (tmp_path / "says-hi").write_text("ho\n")
    runs.execs(bench)
    assert set(bench.rows["exec_cli"].failures) == {"a", "b"}


def test_run_cli_must_be_quiet(new_bench: NewBench, docker: str, tmp_path: Path) -> None:
    bench = new_bench("run_cli", docker=docker)
    runs.run_cli(bench)
    assert set(bench.rows["run_cli"].values) == {"a", "b"}
    (tmp_path / "says-true").write_text("a warning\n")
    runs.run_cli(bench)
    assert set(bench.rows["run_cli"].failures) == {"a", "b"}


def test_ps_by_each_engines_own_cli(new_bench: NewBench, docker: str, tmp_path: Path, fakes: list[SmallEngine]) -> None:
    (tmp_path / "says-ps").write_text(f"{1:064x}"[:12])
    fakes[1]._version_get = lambda request, words: (200, {"Version": "28"})  # type: ignore[method-assign]
    bench = new_bench("ps_cli", docker=docker, pier="/nonexistent/pier")
    runs.ps_cli(bench)
    assert set(bench.rows["ps_cli"].values) == {"b"}  # docker's own
    assert "/nonexistent/pier" in bench.rows["ps_cli"].failures["a"][0]
    assert set(bench.rows["ps_cli.docker"].values) == {"a", "b"}


def test_many_at_once(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    bench = new_bench("parallel_start")
    runs.parallel(bench)
    assert (bench.rows["parallel_start"].unit, set(bench.rows["burst_rm"].values)) == ("1/s", {"a", "b"})
    assert not any(fake.containers for fake in fakes)
    fakes[0]._containers_delete = lambda request, words: (204, None)  # type: ignore[method-assign]
    runs.parallel(bench)
    assert bench.rows["burst_rm"].failures == {"a": ["not all of them are gone"]}
