"""Start, stop, restart, pause, rename, attach and wait, with both clients."""

import threading
import time

import pytest
from support.cli import Cli
from support.engine import Completed, Engine
from support.events import events_since
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def state_of(engine: Engine, ref: str) -> dict[str, object]:
    """The State object of a container."""
    state: dict[str, object] = engine.call("GET", f"/containers/{ref}/json").json()["State"]
    return state


def test_a_stopped_container_starts_again_with_its_files(cli: Cli, image: str) -> None:
    cli("run", "--name", "again", image, "sh", "-c", "echo x >> /count; wc -l < /count").check()
    assert cli("start", "--attach", "again").check().stdout.strip() == "2"
    assert cli("start", "-a", "again").check().stdout.strip() == "3"


def test_stop_sends_the_stop_signal_and_the_container_may_end_by_itself(cli: Cli, image: str, engine: Engine) -> None:
    cli.out(
        "run", "-d", "--name", "polite", image, "sh", "-c", "trap 'exit 4' TERM; echo up; while :; do sleep 0.1; done"
    )
    wait_for(lambda: "up" in cli("logs", "polite").stdout, what="the trap is set")
    assert cli.out("stop", "polite") == "polite"
    assert state_of(engine, "polite") | {"Running": False, "ExitCode": 4, "Status": "exited"} == state_of(
        engine, "polite"
    )


def test_stop_kills_what_ignores_the_signal(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "deaf", image, "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done")
    wait_for(lambda: "up" in cli("logs", "deaf").stdout, what="the trap is set")
    cli.out("stop", "-t", "1", "deaf")
    assert state_of(engine, "deaf")["ExitCode"] == 137


def test_stop_signal_of_the_container_is_used(cli: Cli, image: str, engine: Engine) -> None:
    script = "trap 'exit 6' USR1; echo up; while :; do sleep 0.1; done"
    cli.out("run", "-d", "--name", "own-signal", "--stop-signal", "USR1", image, "sh", "-c", script)
    wait_for(lambda: "up" in cli("logs", "own-signal").stdout, what="the trap is set")
    cli.out("stop", "own-signal")
    assert state_of(engine, "own-signal")["ExitCode"] == 6


def test_start_and_stop_twice_change_nothing(image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "twice", image, "sleep", "100").check()
    assert engine.call("POST", "/containers/twice/start").status == 304
    assert engine.call("POST", "/containers/twice/stop?t=0").status == 204
    assert engine.call("POST", "/containers/twice/stop").status == 304


def test_restart_gives_a_new_process(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "anew", image, "sleep", "100")
    first = state_of(engine, "anew")
    cli.out("restart", "-t", "0", "anew")
    second = state_of(engine, "anew")
    assert second["Running"] is True
    assert second["Pid"] != first["Pid"]
    assert str(second["StartedAt"]) > str(first["StartedAt"])


def test_pause_freezes_and_unpause_goes_on(cli: Cli, image: str, engine: Engine) -> None:
    cli.out(
        "run",
        "-d",
        "--name",
        "frozen",
        image,
        "sh",
        "-c",
        "i=0; while :; do i=$((i+1)); echo $i > /n; sleep 0.01; done",
    )
    cli.out("pause", "frozen")
    state = state_of(engine, "frozen")
    assert (state["Status"], state["Paused"], state["Running"]) == ("paused", True, True)
    assert "(Paused)" in cli.out("ps", "--format", "{{.Status}}")
    refused = cli("exec", "frozen", "true")
    assert refused.code == 1
    assert "paused" in refused.stderr
    cli.out("unpause", "frozen")
    count = cli.out("exec", "frozen", "cat", "/n")
    wait_for(lambda: cli.out("exec", "frozen", "cat", "/n") != count, what="it counts again")


def test_rename_is_seen_at_once(cli: Cli, image: str) -> None:
    container_id = cli.out("run", "-d", "--name", "before", image, "sleep", "100")
    cli("rename", "before", "after").check()
    assert cli.out("ps", "--format", "{{.Names}}") == "after"
    assert cli.out("inspect", "--format", "{{.Id}}", "after") == container_id
    assert cli("inspect", "before").code == 1


def test_wait_returns_the_code_when_the_container_ends(cli: Cli, image: str) -> None:
    cli.out("run", "-d", "--name", "slow", image, "sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done; exit 21")
    result: list[Completed] = []
    waiting = threading.Thread(target=lambda: result.append(cli("wait", "slow")))
    waiting.start()
    cli("exec", "slow", "touch", "/go")
    waiting.join(30)
    assert result[0].check().stdout == "21\n"


def test_attach_without_a_terminal_sees_output_and_exit_code(cli: Cli, image: str) -> None:
    script = "while [ ! -e /go ]; do sleep 0.05; done; echo seen; exit 5"
    cli.out("run", "-d", "--name", "watched", image, "sh", "-c", script)
    result: list[Completed] = []
    since = time.time()
    attached = threading.Thread(target=lambda: result.append(cli("attach", "--no-stdin", "watched")))
    attached.start()
    wait_for(lambda: events_since(cli.engine, since, event=["attach"]), what="the attach is there")
    cli("exec", "watched", "touch", "/go")
    attached.join(30)
    assert (result[0].stdout, result[0].code) == ("seen\n", 5)


def test_remove_of_a_running_container_needs_force(cli: Cli, image: str) -> None:
    cli.out("run", "-d", "--name", "busy", image, "sleep", "100")
    refused = cli("rm", "busy")
    assert refused.code == 1
    assert "container is running" in refused.stderr
    assert cli.out("rm", "--force", "busy") == "busy"


def test_removal_takes_anonymous_volumes_only(image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "vols", "-v", "/anonymous", "-v", "named:/named", image, "true").check()
    engine.docker("wait", "vols").check()
    engine.docker("rm", "-v", "vols").check()
    names = [volume["Name"] for volume in engine.call("GET", "/volumes").json()["Volumes"] or []]
    assert names == ["named"]
    assert engine.call("DELETE", "/volumes/named").status == 204
