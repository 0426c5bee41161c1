"""Exit codes and signals, with both clients."""

import pytest
from support.cli import Cli
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


# Not for pid 1 itself: the kernel spares an init from signals it has no handler for.
PASS_ON = """
sleep 300 & child=$!
trap 'kill -TERM $child' TERM
trap 'kill -USR1 $child' USR1
echo up
while kill -0 $child 2> /dev/null; do  # a signal interrupts one wait, or came before the first
    wait $child
    code=$?
done
exit $code
"""


@pytest.mark.parametrize(("status", "code"), [(0, 0), (3, 3), (255, 255), (300, 44)])
def test_run_ends_with_the_containers_code(cli: Cli, image: str, status: int, code: int) -> None:
    assert cli("run", "--rm", image, "sh", "-c", f"exit {status}").code == code


def test_missing_command_is_127(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", image, "no-such-command")
    assert done.code == 127
    assert "no-such-command" in done.stderr
    assert cli.out("ps", "-aq") == ""


def test_not_executable_is_126(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", image, "/etc/passwd")
    assert done.code == 126
    assert "permission denied" in done.stderr.lower()


def test_a_refusal_of_the_engine_is_125(cli: Cli, image: str) -> None:
    assert cli("run", "--rm", "--memory", "1k", image, "true").code == 125
    assert cli("run", "--no-such-flag", image).code == 125


@pytest.mark.parametrize(("signal", "code"), [("KILL", 137), ("TERM", 143), ("SIGUSR1", 138), ("9", 137)])
def test_kill_sends_that_signal(cli: Cli, image: str, engine: Engine, signal: str, code: int) -> None:
    cli.out("run", "-d", "--name", "target", image, "sh", "-c", PASS_ON)
    wait_for(lambda: "up" in cli("logs", "target").stdout, what="the traps are set")
    assert cli.out("kill", "--signal", signal, "target") == "target"
    assert cli.out("wait", "target") == str(code)
    assert cli.out("inspect", "--format", "{{.State.ExitCode}}", "target") == str(code)


def test_killed_container_says_so_in_its_status(cli: Cli, image: str) -> None:
    cli.out("run", "-d", "--name", "target", image, "sleep", "300")
    cli.out("kill", "target")
    cli.out("wait", "target")
    assert cli.out("ps", "-a", "--format", "{{.Status}}").startswith("Exited (137)")


def test_kill_of_a_stopped_container_is_refused(cli: Cli, image: str) -> None:
    cli("run", "--name", "ended", image, "true").check()
    done = cli("kill", "ended")
    assert done.code == 1
    assert "is not running" in done.stderr


def test_unknown_signal_is_refused(cli: Cli, image: str) -> None:
    cli.out("run", "-d", "--name", "target", image, "sleep", "300")
    assert cli("kill", "--signal", "NOSUCH", "target").code == 1
    assert cli.out("inspect", "-f", "{{.State.Running}}", "target") == "true"


def test_exec_and_wait_pass_codes_on(cli: Cli, image: str) -> None:
    cli.out("run", "-d", "--name", "box", image, "sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done; exit 17")
    assert cli("exec", "box", "sh", "-c", "exit 5").code == 5
    cli("exec", "-d", "box", "touch", "/go").check()  # it may not outlive what it sets off
    assert cli.out("wait", "box") == "17"


def test_no_zombie_and_no_process_is_left_of_a_killed_tree(image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "tree", image, "sh", "-c", "sleep 411 & sleep 412 & wait").check()
    wait_for(lambda: len(engine.docker("top", "tree").lines) == 1 + 3, what="the shell and its two children are up")
    pids = [int(row[1]) for row in engine.call("GET", "/containers/tree/top").json()["Processes"]]
    engine.docker("kill", "tree").check()
    wait_for(lambda: not any(is_alive(pid) for pid in pids), what="all its processes are gone")


def is_alive(pid: int) -> bool:
    """Whether that process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
