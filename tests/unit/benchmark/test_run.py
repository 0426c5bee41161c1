import json
import os
import signal
from pathlib import Path

import pytest
from benchmark import run, tidy
from benchmark.catalogue import METRICS
from benchmark.metrics import fleet
from benchmark.options import QUICK
from benchmark.session import Bench
from fakes.small_engine import SmallEngine

REQUIRED = {"floor", "start_api", "stop_api", "net_run", "restart_gap", "push", "parts", "restart", "ps_cli"}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "PAUSE_SECONDS", 0)


def arguments(fakes: list[SmallEngine], *more: str) -> list[str]:
    return [word for fake in fakes for word in ("--engine", f"{fake.path.stem}={fake.path}")] + list(more)


def test_every_metric_is_registered_and_the_restart_comes_last() -> None:
    assert set(QUICK) | REQUIRED <= set(METRICS)
    assert list(METRICS)[-1] == "restart"


def test_a_run(fakes: list[SmallEngine], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written, shown = tmp_path / "o.json", tmp_path / "o.md"
    more = ["--metrics", "run_api", "--effort", "0.1", "--json", str(written), "--markdown", str(shown)]
    assert run.main(arguments(fakes, *more)) == 0
    text = capsys.readouterr().out
    assert text == shown.read_text()
    assert "| run_api.start " in text
    assert "Noise: load average" in text
    report = json.loads(written.read_text())
    assert {name: len(samples) for name, samples in report["metrics"]["run_api"]["samples"].items()} == {"a": 1, "b": 1}
    assert not any(fake.containers or fake.images for fake in fakes)


def test_all_containers_on_a_network_of_their_own(fakes: list[SmallEngine]) -> None:
    assert run.main(arguments(fakes, "--metrics", "run_api", "--effort", "0.1", "--own-network")) == 0
    for fake in fakes:
        created = [request.json["HostConfig"] for request in fake.requests if request.path == "/containers/create"]
        (mode,) = {host.get("NetworkMode") for host in created}
        assert mode == f"{1:064x}"  # the id of what was made first
        assert not fake.networks


def test_a_failed_sample_is_exit_status_1(fakes: list[SmallEngine], capsys: pytest.CaptureFixture[str]) -> None:
    fakes[1].exit_code = 3
    assert run.main(arguments(fakes, "--metrics", "run_api", "--effort", "0.1")) == 1
    text = capsys.readouterr().out
    assert "- (1 of 1 FAILED)" in text
    assert "- run_api on b: exit code 3" in text
    assert not any(fake.containers or fake.images for fake in fakes)


def test_an_engine_that_is_not_there(fakes: list[SmallEngine]) -> None:
    with pytest.raises(SystemExit, match="bench: gone at /nonexistent cannot run the test image"):
        run.main(arguments(fakes, "--engine", "gone=/nonexistent", "--metrics", "run_api"))
    assert not any(fake.containers or fake.images for fake in fakes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_tidy(
    number: signal.Signals,
    fakes: list[SmallEngine],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(bench: Bench) -> None:
        bench.engines[0].run()
        bench.add("run_api", bench.engines[0], 5)
        os.kill(os.getpid(), number)

    monkeypatch.setitem(METRICS, "run_api", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    assert run.main(arguments(fakes, "--metrics", "run_api")) == 130
    assert signal.getsignal(signal.SIGTERM) == before
    assert "| run_api | ms   | 5 |" in capsys.readouterr().out
    assert not any(fake.containers or fake.images for fake in fakes)


def test_growth_in_two_parts(
    fakes: list[SmallEngine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fleet, "SETTLE_SECONDS", 0)
    more = ["--growth", "--points", "1,2", "--quick", "--plot", ""]
    for axis, title in (("images", "images"), ("finished", "finished containers")):
        part = str(tmp_path / axis)
        assert run.main(arguments(fakes, *more, "--axes", axis, "--json", part)) == 0
        assert f"| {title} " in capsys.readouterr().out
    assert not any(fake.containers or fake.images for fake in fakes)
    written = tmp_path / "growth.md"
    document = tmp_path / "README.md"
    document.write_text("<!-- growth --><!-- /growth -->")
    both = ["--from", f"{tmp_path}/images,{tmp_path}/finished", "--plot", "", "--markdown", str(written)]
    both += ["--into", str(document)]
    assert run.main(arguments(fakes, *both)) == 0
    text = written.read_text()
    assert text in document.read_text() + "\n"
    assert "| images " in text
    assert "| finished containers " in text


def test_a_document_without_a_place_is_told_before_anything_is_measured(
    fakes: list[SmallEngine], tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("no marks")
    with pytest.raises(SystemExit, match=r"README.md: there are no lines"):
        run.main(arguments(fakes, "--growth", "--plot", "", "--into", str(tmp_path / "README.md")))
    assert not fakes[0].requests


def test_a_part_that_is_none_is_named(fakes: list[SmallEngine]) -> None:
    with pytest.raises(SystemExit, match=r"bench: --from: .*nowhere"):
        run.main(arguments(fakes, "--from", "/nowhere", "--plot", ""))


def test_growth_without_the_plot_library(fakes: list[SmallEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "can_draw", lambda: False)
    with pytest.raises(SystemExit, match="no matplotlib"):
        run.main(arguments(fakes, "--growth"))
    assert not fakes[0].requests
