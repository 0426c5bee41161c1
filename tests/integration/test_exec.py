"""`exec`, with both clients."""

import pytest
from support.cli import Cli
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def box(engine: Engine, image: str) -> str:
    """A running container that does nothing."""
    engine.docker("run", "-d", "--name", "box", "-e", "FRUIT=pear", image, "sleep", "300").check()
    return "box"


def test_exec_prints_output_and_gives_the_exit_code(cli: Cli, box: str) -> None:
    done = cli("exec", box, "sh", "-c", "echo out; echo err >&2; exit 42")
    assert (done.stdout, done.stderr.splitlines()[0], done.code) == ("out\n", "err", 42)


def test_exec_runs_in_the_containers_namespaces_and_environment(cli: Cli, box: str) -> None:
    done = cli("exec", box, "sh", "-c", "echo $FRUIT; cat /proc/1/comm").check()
    assert done.lines == ["pear", "sleep"]


def test_exec_options_reach_the_process(cli: Cli, box: str) -> None:
    options = ["--env", "FRUIT=fig", "--workdir", "/tmp", "--user", "33:44"]
    done = cli("exec", *options, box, "sh", "-c", "echo $FRUIT; pwd; id -u; id -g").check()
    assert done.lines == ["fig", "/tmp", "33", "44"]


def test_standard_input_and_its_end_reach_the_process(cli: Cli, box: str) -> None:
    lines = "".join(f"line {number}\n" for number in range(5000))
    assert cli("exec", "-i", box, "cat", input_text=lines).check().stdout == lines


def test_exec_on_a_terminal(cli: Cli, box: str) -> None:
    with cli.on_terminal("exec", "-it", box, "sh", rows=31, columns=91) as terminal:
        terminal.send("tty; stty size; echo TERM=$TERM\n")
        terminal.expect("/dev/pts/")
        terminal.expect("31 91")
        terminal.expect("TERM=xterm")
        terminal.send("exit 3\n")
        assert terminal.wait() == 3
        assert terminal.settings() == terminal.before


def test_detached_exec_returns_at_once_and_runs(cli: Cli, box: str) -> None:
    assert cli("exec", "--detach", box, "sh", "-c", "echo done > /made").check().stdout == ""
    wait_for(lambda: cli("exec", box, "cat", "/made").stdout == "done\n", what="the detached exec ran")


def test_missing_command_is_127_and_no_executable_126(cli: Cli, box: str) -> None:
    assert cli("exec", box, "no-such-command").code == 127
    assert cli("exec", box, "/etc/passwd").code == 126


def test_exec_on_a_stopped_container_is_refused(cli: Cli, box: str, engine: Engine) -> None:
    engine.docker("kill", box).check()
    wait_for(lambda: not engine.call("GET", "/containers/box/json").json()["State"]["Running"], what="it ended")
    done = cli("exec", box, "true")
    assert done.code == 1
    assert "is not running" in done.stderr


def test_many_execs_at_once_all_answer(engine: Engine, box: str) -> None:
    script = "for i in $(seq 1 8); do echo $i & done; wait"
    for _ in range(3):
        assert sorted(engine.docker("exec", box, "sh", "-c", script).check().lines) == [str(n) for n in range(1, 9)]


def test_a_running_exec_ends_with_137_when_its_container_is_killed(engine: Engine, box: str) -> None:
    made = engine.call("POST", f"/containers/{box}/exec", {"Cmd": ["sleep", "300"], "AttachStdout": True})
    assert made.status == 201
    exec_id = made.json()["Id"]
    assert engine.call("POST", f"/exec/{exec_id}/start", {"Detach": True}).status == 200
    assert engine.call("GET", f"/exec/{exec_id}/json").json()["Running"] is True
    assert engine.call("GET", f"/containers/{box}/json").json()["ExecIDs"] == [exec_id]
    engine.call("POST", f"/containers/{box}/kill")
    wait_for(lambda: not engine.call("GET", f"/exec/{exec_id}/json").json()["Running"], what="the exec ended")
    assert engine.call("GET", f"/exec/{exec_id}/json").json()["ExitCode"] == 137


def test_unknown_exec_and_missing_command_are_refused(engine: Engine, box: str) -> None:
    unknown = engine.call("GET", "/exec/0123456789abcdef/json")
    assert (unknown.status, unknown.message) == (404, "No such exec instance: 0123456789abcdef")
    empty = engine.call("POST", f"/containers/{box}/exec", {"Cmd": []})
    assert (empty.status, empty.message) == (400, "No exec command specified")
