"""`scripts/bench` on a real engine, against itself: it measures, says what failed, and leaves nothing."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import load_image
from support.engine import Completed, Engine, run
from support.facilities import ROOT
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat, pytest.mark.timeout(300)]

BENCH = str(ROOT / "scripts" / "bench")


def against_itself(engine: Engine, *more: str) -> list[str]:
    return [BENCH, "--engine", f"one={engine.socket}", "--engine", f"same={engine.socket}", *more]


def bench(engine: Engine, *more: str) -> Completed:
    return run(against_itself(engine, *more), timeout=250)


def tags(engine: Engine) -> list[str]:
    return [tag for row in engine.call("GET", "/images/json").json() for tag in row["RepoTags"]]


def samples(path: Path) -> dict[str, Any]:
    return {name: row["samples"] for name, row in json.loads(path.read_text())["metrics"].items()}


def test_it_measures_and_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    before, report = tags(engine), tmp_path / "o.json"
    done = bench(
        engine, "--metrics", "run_api,ps_api,memory", "--quick", "--effort", "0.2", "--json", str(report)
    ).check()
    assert "| run_api.start " in done.stdout
    assert "one: Pier 0.1.0" in done.stdout
    found = samples(report)
    assert {"run_api", "ps_api.n1.c1.p50", "ps_api.n10.c8.rate", "memory.per_container"} < set(found)
    assert all(set(values) == {"one", "same"} for values in found.values())
    assert found["memory.idle"]["one"][0] > 10  # MB of a real pierd
    assert (engine.container_ids(), tags(engine)) == ([], before)


def test_a_failing_sample_is_said_and_ends_with_1(engine: Engine) -> None:
    done = bench(engine, "--metrics", "run_cli", "--effort", "0.05", "--docker", "/bin/false")
    assert done.code == 1
    assert "| run_cli | ms   | - (1 of 1 FAILED) | - (1 of 1 FAILED) |" in done.stdout
    assert "- run_cli on one: /bin/false: exit 1" in done.stdout
    assert engine.container_ids() == []


def test_an_interrupt_leaves_nothing_either(engine: Engine) -> None:
    before = tags(engine)
    arguments = against_itself(engine, "--growth", "--axes", "finished", "--finished", "100000", "--plot", "")
    arguments.append("--points=100000")
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(engine.container_ids()) > 5, what="containers are being made", timeout=60)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted: taking away what was made" in err
    assert "Noise: load average" in out
    assert (engine.container_ids(), tags(engine)) == ([], before)


def test_growth_of_networks_and_images(engine: Engine) -> None:
    arguments = ["--growth", "--axes", "networks,images", "--points", "2", "--quick", "--plot", ""]
    done = bench(engine, *arguments).check()
    assert "| networks " in done.stdout
    assert "| images " in done.stdout
    assert engine.call("GET", '/networks?filters={"type":["custom"]}').json() == []


def test_restart_is_measured_until_all_run_again(new_engine: Callable[..., Engine], tmp_path: Path) -> None:
    engine = new_engine().start()
    load_image(engine)
    report = tmp_path / "o.json"
    environment = f"PYTHONPATH={ROOT}/src:{ROOT}/generated"
    command = f"exec env {environment} {' '.join(engine.command)} >> {engine.log} 2>&1"
    arguments = ["--metrics", "restart", "--restart", f"one={command}", "--restart-count", "3", "--effort", "0.1"]
    bench(engine, *arguments, "--json", str(report)).check()
    assert [len(values) for values in samples(report)["restart.n3"].values()] == [1]
    assert engine.answers()
    assert engine.container_ids() == []
