from pathlib import Path

import pytest
from benchmark import options
from benchmark.options import QUICK, EngineAt, Floor, Options, read_options

KNOWN = (*QUICK, "restart")
TWO = ["--engine", "pier=/p.sock", "--engine", "dockerd=unix:///d.sock"]


def read(*argv: str) -> Options:
    return read_options(argv, KNOWN)


def test_engines_and_their_further_processes() -> None:
    got = read(*TWO, "--also", "dockerd=12", "--also", "dockerd=/c.sock").engines
    assert got == (EngineAt("pier", "/p.sock"), EngineAt("dockerd", "/d.sock", ("12", "/c.sock")))


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pier, docker, containerd = (tmp_path / name for name in ("pier", "docker", "containerd"))
    monkeypatch.setattr(options, "PIER_SOCKET", str(pier))
    monkeypatch.setattr(options, "DOCKER_SOCKET", str(docker))
    monkeypatch.setattr(options, "CONTAINERD_SOCKET", str(containerd))
    for path in (pier, docker, containerd):
        path.touch()
    assert read().engines == (
        EngineAt("pier", str(pier), (str(containerd),)),
        EngineAt("dockerd", str(docker), (str(containerd),)),
    )


def test_defaults_that_are_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(options, "PIER_SOCKET", "/nonexistent/pier.sock")
    with pytest.raises(SystemExit) as ended:
        read()
    assert ended.value.code == 2
    assert "no Pier at /nonexistent/pier.sock; start it, or name the engines" in capsys.readouterr().err


def test_metrics() -> None:
    assert read(*TWO).metrics == KNOWN
    assert read(*TWO, "--quick").metrics == QUICK
    assert read(*TWO, "--quick", "--metrics", "restart,memory").metrics == ("restart", "memory")


def test_the_rest() -> None:
    got = read(*TWO, "--floor", "one=/bin/ctr,/c.sock,image", "--restart", "pier=pierd --x=y &")
    assert got.floors == (Floor("one", "/bin/ctr", "/c.sock", "image"),)
    assert got.restart == {"pier": "pierd --x=y &"}
    assert (got.restart_count, read(*TWO, "--quick").restart_count) == (200, 10)


def test_points_of_growth() -> None:
    assert read(*TWO).points == {
        "containers": (1, 10, 100, 500),
        "networks": (1, 10, 100),
        "images": (1, 10, 50, 200),
        "finished": (100, 1000, 10_000),
    }
    assert read(*TWO, "--finished", "50").points["finished"] == (1, 5, 50)
    assert set(read(*TWO, "--points", "10,1").points.values()) == {(1, 10)}
    assert read(*TWO, "--points", "2", "--finished", "7").points["finished"] == (1, 7)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--also", "pier=1"], "--also needs --engine"),
        ([*TWO, "--engine", "pier=/x"], "there is an engine pier already"),
        ([*TWO, "--engine", "x"], "--engine x: must be NAME=VALUE"),
        ([*TWO, "--restart", "podman=x"], "no engine is called podman; there are dockerd, pier"),
        ([*TWO, "--metrics", "memory,speed"], "unknown metrics: speed"),
        ([*TWO, "--axes", "volumes"], "unknown axes: volumes"),
        ([*TWO, "--points", "1,x"], "must be numbers"),
        ([*TWO, "--points", "0,1"], "at least 1"),
        ([*TWO, "--finished", "-1"], "at least 1"),
        ([*TWO, "--floor", "a=b,c"], "must be NAME=CTR,ADDRESS,IMAGE"),
    ],
)
def test_wrong_ones_are_said(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read(*argv)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_report_of_earlier_runs_needs_no_engine() -> None:
    assert read("--from", "a.json,b.json").parts == ("a.json", "b.json")
