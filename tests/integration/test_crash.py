"""pierd killed outright, while containers run and in the middle of their lives: nothing lost, nothing left."""

import os
import random
import signal
import threading
from collections.abc import Callable
from functools import partial

import pytest
from conftest import load_image
from support import leaks
from support.engine import Completed, Engine, mounts_below, run
from support.exits import kernel_tells
from support.fetch import fetch, free_port
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.slow]

ROUNDS = 20


@pytest.fixture
def crashing(new_engine: Callable[..., Engine]) -> Engine:
    """An engine of the test's own that may be killed."""
    engine = new_engine().start()
    load_image(engine)
    return engine


def test_running_containers_outlive_a_killed_pierd(crashing: Engine, image: str) -> None:
    engine = crashing
    port = free_port()
    serve = "mkdir -p /www; echo page > /www/index.html; exec httpd -f -p 80 -h /www"
    engine.docker("run", "-d", "--name", "web", "-p", f"{port}:80", image, "sh", "-c", serve).check()
    wait_for(lambda: fetch("127.0.0.1", port), what="the page")
    before = engine.call("GET", "/containers/web/json").json()["State"]
    engine.kill()
    assert fetch("127.0.0.1", port) == "page\n"
    engine.start()
    after = engine.call("GET", "/containers/web/json").json()["State"]
    assert (after["Running"], after["Pid"], after["StartedAt"]) == (True, before["Pid"], before["StartedAt"])
    assert fetch("127.0.0.1", port) == "page\n"
    assert engine.docker("exec", "web", "echo", "hi").check().stdout == "hi\n"
    engine.docker("stop", "-t", "0", "web").check()
    assert fetch("127.0.0.1", port, timeout=1) == ""


def test_a_shutdown_stops_in_good_order_and_the_next_pierd_brings_up_by_policy(crashing: Engine, image: str) -> None:
    engine = crashing
    script = "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done"
    for name, policy in (("kept", "unless-stopped"), ("plain", "no")):
        engine.docker("run", "-d", "--name", name, "--restart", policy, image, "sh", "-c", script).check()
        wait_for(lambda name=name: engine.docker("logs", name).stdout, what="the trap is set")  # type: ignore[misc]
    stopped = engine.pier("system", "shutdown").check().lines
    assert len(stopped) == 2
    for name in ("kept", "plain"):
        state = engine.call("GET", f"/containers/{name}/json").json()["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 3)
        assert engine.docker("logs", name).check().stdout == "up\nbye\n"
    assert engine.call("POST", "/containers/plain/start").status == 503

    engine.stop()
    engine.start()

    wait_for(lambda: engine.docker("ps", "--format", "{{.Names}}").check().lines == ["kept"], what="only kept is up")
    engine.docker("start", "plain").check()


def test_an_exit_while_pierd_is_away_keeps_its_code(crashing: Engine, image: str) -> None:
    engine = crashing
    folder = engine.data_root / "signal"
    folder.mkdir()
    script = "while [ ! -e /signal/go ]; do sleep 0.05; done; echo last words; touch /signal/gone; exit 23"
    engine.docker("run", "-d", "--name", "away", "-v", f"{folder}:/signal", image, "sh", "-c", script).check()
    engine.kill()
    (folder / "go").touch()
    wait_for((folder / "gone").exists, what="the container has ended")
    engine.start()
    assert engine.docker("wait", "away").check().last == "23"
    wait_for(lambda: engine.docker("logs", "away").stdout == "last words\n", what="its output is in the log")


def test_an_exit_that_containerd_has_forgotten_keeps_its_code(crashing: Engine, image: str) -> None:
    """As containerd 2 forgets one when it is itself restarted, before pierd is back."""
    engine = crashing
    before = leaks.take(engine)
    script = "trap 'exit 23' TERM; echo up; while :; do :; done"
    engine.docker("run", "-d", "--name", "forgotten", image, "sh", "-c", script)
    wait_for(lambda: engine.docker("logs", "forgotten").stdout, what="the trap is set")
    state = engine.call("GET", "/containers/forgotten/json").json()
    engine.kill()
    os.kill(state["State"]["Pid"], signal.SIGTERM)
    ctr = ["ctr", "--address", engine.containerd, "--namespace", engine.namespace]
    wait_for(lambda: run([*ctr, "tasks", "delete", state["Id"]]).code == 0, what="containerd deletes the task")

    engine.start()

    assert engine.docker("wait", "forgotten").check().last == ("23" if kernel_tells() else "255")
    error = engine.call("GET", "/containers/forgotten/json").json()["State"]["Error"]
    assert bool(error) is not kernel_tells()  # a guess says so
    engine.docker("rm", "forgotten").check()
    leaks.assert_nothing_left(engine, before)


def test_shared_memory_of_a_container_that_ended_while_pierd_was_away_is_found(crashing: Engine, image: str) -> None:
    engine = crashing
    engine.docker("run", "-d", "--name", "donor", "--ipc", "shareable", image, "sleep", "1000").check()
    pid = engine.call("GET", "/containers/donor/json").json()["State"]["Pid"]
    engine.kill()
    os.kill(pid, signal.SIGKILL)
    assert mounts_below(engine.exec_root / "shm")
    engine.start()
    wait_for(lambda: not mounts_below(engine.exec_root / "shm"), what="the shared memory is unmounted")


def test_a_writer_at_full_speed_loses_and_repeats_no_line(crashing: Engine, image: str) -> None:
    engine = crashing
    engine.docker("run", "-d", "--name", "writer", image, "seq", "1", "2000000").check()
    for _ in range(3):
        engine.kill()
        engine.start()
    assert engine.docker("wait", "writer").check().last == "0"

    last = partial(engine.docker, "logs", "--tail", "1", "writer")
    wait_for(lambda: last().stdout == "2000000\n", what="the end of the log", timeout=60)
    lines = engine.docker("logs", "writer").check().lines
    first_wrong = next((n for n, line in enumerate(lines, 1) if line != str(n)), 0)
    assert first_wrong == 0, f"line {first_wrong} is {lines[first_wrong - 1]!r}"
    assert len(lines) == 2_000_000


@pytest.mark.timeout(300)
def test_twenty_kills_of_a_run_wait_exit_rm_loop_leave_nothing(crashing: Engine, image: str) -> None:
    engine = crashing
    before = leaks.take(engine)
    chance = random.Random(4)
    ended = threading.Event()

    def keep_running() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            run_once(engine, image, f"loop-{number}")

    worker = threading.Thread(target=keep_running)
    worker.start()
    try:
        for _ in range(ROUNDS):
            pause = threading.Event()
            pause.wait(chance.uniform(0.1, 0.8))  # anywhere in the loop's life
            engine.kill()
            engine.start()
    finally:
        ended.set()
        worker.join(60)
    assert not worker.is_alive()
    assert engine.docker("run", "--rm", image, "echo", "fine").check().stdout == "fine\n"
    for container_id in engine.container_ids():
        reply = engine.call("GET", f"/containers/{container_id}/json")
        # One that has ended meanwhile removes itself.
        assert reply.status == 404 or reply.json()["State"]["Status"] in ("created", "exited", "running", "removing")
    engine.remove_all_containers()
    leaks.assert_nothing_left(engine, before, timeout=30)


def run_once(engine: Engine, image: str, name: str) -> Completed:
    """One whole life, which may fail anywhere as pierd is killed under it."""
    return engine.docker("run", "--rm", "--name", name, image, "echo", name, timeout=60)
