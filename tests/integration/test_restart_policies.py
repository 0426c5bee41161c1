"""Restart policies: back-off, counts, and what a user's own stop means to them."""

import time
from itertools import pairwise
from typing import Any

import pytest
from support.engine import Engine
from support.events import events_since
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def made(engine: Engine, image: str, name: str, policy: str, script: str) -> None:
    engine.docker("run", "-d", "--name", name, "--restart", policy, image, "sh", "-c", script).check()


def state(engine: Engine, name: str) -> Any:
    return engine.call("GET", f"/containers/{name}/json").json()


def running(engine: Engine, name: str) -> bool:
    seen = state(engine, name)["State"]
    return bool(seen["Status"] == "running" and seen["Pid"])


def test_the_pause_between_runs_doubles(engine: Engine, image: str) -> None:
    made(engine, image, "loop", "always", "exit 7")
    wait_for(lambda: state(engine, "loop")["RestartCount"] >= 4, what="four restarts")
    events = events_since(engine, 1, container=["loop"], event=["die", "start"])
    times = [(event["Action"], event["timeNano"] / 1e9) for event in events]
    pauses = [after[1] - before[1] for before, after in pairwise(times) if before[0] == "die"]
    for number, pause in enumerate(pauses[:4]):
        assert pause >= 0.1 * 2**number
    wait_for(lambda: state(engine, "loop")["State"]["Status"] == "restarting", what="it waits for its next run")
    between = state(engine, "loop")["State"]
    if between["Status"] == "restarting":  # else it has just begun again
        assert (between["Running"], between["Restarting"], between["Pid"]) == (True, True, 0)
    engine.docker("stop", "loop").check()
    assert state(engine, "loop")["State"]["Status"] == "exited"
    count = state(engine, "loop")["RestartCount"]
    made(engine, image, "clock", "on-failure:3", "exit 1")  # longer than the next pause would have been
    wait_for(lambda: state(engine, "clock")["State"]["Status"] == "exited", what="three failures of another")
    assert (state(engine, "loop")["RestartCount"], state(engine, "clock")["RestartCount"]) == (count, 3)


def test_on_failure_leaves_a_success_alone(engine: Engine, image: str) -> None:
    made(engine, image, "fine", "on-failure", "exit 0")
    engine.docker("wait", "fine")
    wait_for(lambda: state(engine, "fine")["State"]["Status"] == "exited", what="it has ended")
    assert state(engine, "fine")["RestartCount"] == 0


def test_only_the_stop_signal_and_kill_count_as_the_users_own_stop(engine: Engine, image: str) -> None:
    script = "trap 'exit 5' USR1; echo up; while :; do sleep 0.05; done"
    made(engine, image, "box", "always", script)
    first = state(engine, "box")["State"]["Pid"]
    wait_for(lambda: engine.docker("logs", "box").stdout, what="the trap is set")
    engine.docker("kill", "-s", "USR1", "box").check()
    wait_for(lambda: running(engine, "box") and state(engine, "box")["State"]["Pid"] != first, what="it runs again")
    engine.docker("kill", "box").check()
    assert state(engine, "box")["State"]["Status"] == "exited"
    engine.docker("start", "box").check()
    assert running(engine, "box")


def test_who_was_stopped_by_hand_stays_so_over_a_restart_of_pierd(engine: Engine, image: str) -> None:
    for policy in ("always", "unless-stopped", "no"):
        made(engine, image, policy, policy, "exec sleep 1000")
        engine.docker("stop", "-t", "0", policy).check()
    made(engine, image, "untouched", "unless-stopped", "exec sleep 1000")
    pid = state(engine, "untouched")["State"]["Pid"]
    engine.stop()
    engine.start()
    wait_for(lambda: running(engine, "always"), what="the one with `always` runs again")
    assert state(engine, "untouched")["State"]["Pid"] == pid
    assert [state(engine, name)["State"]["Status"] for name in ("unless-stopped", "no")] == ["exited", "exited"]


def test_a_removed_container_takes_its_anonymous_volume_along_in_order(engine: Engine, image: str) -> None:
    since = time.time()
    engine.docker("run", "--rm", "--name", "brief", "-v", "/data", "-v", "kept:/kept", image, "true").check()
    wait_for(lambda: engine.call("GET", "/containers/brief/json").status == 404, what="it is removed")
    seen = [(event["Type"], event["Action"]) for event in events_since(engine, since)]
    last = [item for item in seen if item[1] in ("die", "destroy")]
    assert last == [("container", "die"), ("volume", "destroy"), ("container", "destroy")]
    assert engine.docker("volume", "ls", "-q").check().stdout.split() == ["kept"]
    engine.docker("volume", "rm", "kept").check()
