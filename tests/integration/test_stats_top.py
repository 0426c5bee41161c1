"""`stats` and `top`, with both clients, and the figures behind them."""

import re
from functools import partial

import pytest
from support.cli import Cli
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def busy(engine: Engine, image: str) -> str:
    """A container that uses the processor, with a memory limit."""
    engine.docker("run", "-d", "--name", "busy", "--memory", "64m", image, "sh", "-c", "while :; do :; done").check()
    return "busy"


def test_stats_table_shows_a_busy_container(cli: Cli, busy: str) -> None:
    done = cli("stats", "--no-stream", "--format", "{{.Name}}|{{.CPUPerc}}|{{.MemUsage}}|{{.PIDs}}", busy).check()
    name, cpu, memory, pids = done.stdout.strip().split("|")
    assert name == busy
    assert float(cpu.rstrip("%")) > 0  # how much of it there is, a busy host decides
    assert memory.endswith("/ 64MiB")
    assert pids == "1"


def test_live_stats_refresh_until_interrupted(cli: Cli, busy: str) -> None:
    with cli.on_terminal("stats", busy, columns=140) as terminal:
        terminal.expect("CPU %")
        terminal.expect("64MiB")
        terminal.expect("64MiB")
        terminal.send("\x03")
        if cli.name == "pier":  # docker 28.2 goes on for ever, with any engine, when it was given names
            terminal.wait()
            assert terminal.settings() == terminal.before


def test_stats_sample_has_both_readings_and_the_interface(engine: Engine, busy: str) -> None:
    sample = engine.call("GET", f"/containers/{busy}/stats?stream=0").json()
    assert sample["name"] == f"/{busy}"
    used = sample["cpu_stats"]["cpu_usage"]["total_usage"] - sample["precpu_stats"]["cpu_usage"]["total_usage"]
    assert used > 0
    assert sample["cpu_stats"]["system_cpu_usage"] > sample["precpu_stats"]["system_cpu_usage"] > 0
    assert sample["memory_stats"]["limit"] == 64 << 20
    assert 0 < sample["memory_stats"]["usage"] < 64 << 20
    assert sample["pids_stats"]["current"] >= 1
    assert set(sample["networks"]) == {"eth0"}


def test_one_shot_stats_answer_at_once_and_not_with_stream(engine: Engine, busy: str) -> None:
    sample = engine.call("GET", f"/containers/{busy}/stats?stream=0&one-shot=1").json()
    assert sample["precpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert engine.call("GET", f"/containers/{busy}/stats?stream=1&one-shot=1").status == 400


def test_stats_of_a_stopped_container_are_empty(engine: Engine, busy: str) -> None:
    engine.docker("kill", busy).check()
    wait_for(lambda: not engine.call("GET", f"/containers/{busy}/json").json()["State"]["Running"], what="it ended")
    reply = engine.call("GET", f"/containers/{busy}/stats?stream=0&one-shot=1")
    assert reply.status == 200
    assert reply.json()["read"].startswith("0001-01-01")


def test_top_lists_the_containers_processes_only(cli: Cli, image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "two", image, "sh", "-c", "sleep 401 & sleep 402; true").check()

    def all_three() -> list[str]:
        """The title and the rows once the children are there, too."""
        lines = cli("container", "top", "two").check().lines
        return lines if len(lines) > 3 else []

    lines = wait_for(all_three, what="both children")
    assert re.match(r"UID +PID +PPID +C +STIME +TTY +TIME +CMD", lines[0])
    assert all("sleep 40" in line or "sh -c" in line for line in lines[1:])
    assert len(lines) == 4
    pids = {int(line.split()[1]) for line in lines[1:]}
    assert engine.call("GET", "/containers/two/json").json()["State"]["Pid"] in pids


def test_top_takes_ps_options(cli: Cli, image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "one", image, "sleep", "403").check()
    top = partial(cli, "top", "one", "-o", "pid,args")
    wait_for(lambda: "runc" not in top().check().stdout, what="the runtime has made way for the command")
    lines = top().check().lines
    assert lines[0].split() == ["PID", "COMMAND"]
    assert lines[1].split()[1:] == ["sleep", "403"]


def test_top_of_a_stopped_container_is_refused(cli: Cli, image: str) -> None:
    cli("run", "--name", "ended", image, "true").check()
    done = cli("top", "ended")
    assert done.code == 1
    assert "is not running" in done.stderr
