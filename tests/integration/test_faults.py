"""What a host does to an engine: shims that are killed, runtimes that fail or hang, a disk that is full."""

import os
import signal
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import load_image
from support import leaks
from support.engine import Engine, find_processes
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """An OCI runtime that does what the file `mode` beside it says: `fail`, `hang`, or what runc does."""
    script = tmp_path / "odd-runtime"
    script.write_text(
        "#!/bin/sh\n"
        f"mode=$(cat {tmp_path}/mode)\n"
        'case "$mode $*" in\n'
        '  fail*" create "*) exit 1 ;;\n'
        f'  hang*" create "*) exec sleep 1000.{os.getpid()} ;;\n'
        "esac\n"
        'exec runc "$@"\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


@pytest.fixture
def odd(new_engine: Callable[..., Engine], runtime: Path) -> Engine:
    """An engine that knows the odd runtime as `odd`."""
    engine = new_engine("--add-runtime", f"odd={runtime}").start()
    load_image(engine)
    return engine


def test_a_killed_shim_ends_its_container_and_nothing_else(new_engine: Callable[..., Engine], image: str) -> None:
    engine = new_engine().start()
    load_image(engine)
    before = leaks.take(engine)
    for name in ("victim", "other"):
        engine.docker("run", "-d", "--name", name, image, "sleep", "1000").check()
    victim = engine.call("GET", "/containers/victim/json").json()
    (shim,) = find_processes(f" -id {victim['Id']} ")

    os.kill(shim, signal.SIGKILL)

    wait_for(lambda: not state_of(engine, "victim")["Running"], what="the victim is said to have ended", timeout=30)
    assert state_of(engine, "victim")["ExitCode"] == 137
    wait_for(lambda: not Path(f"/proc/{victim['State']['Pid']}").exists(), what="its process is gone")
    assert engine.call("GET", "/containers/other/json").json()["State"]["Running"]
    assert engine.docker("exec", "other", "echo", "fine").check().stdout == "fine\n"
    engine.docker("start", "victim").check()
    assert engine.call("GET", "/containers/victim/json").json()["State"]["Running"]
    engine.remove_all_containers()
    leaks.assert_nothing_left(engine, before)


def state_of(engine: Engine, name: str) -> dict[str, Any]:
    state: dict[str, Any] = engine.call("GET", f"/containers/{name}/json").json()["State"]
    return state


def test_a_runtime_that_fails_is_named_and_leaves_nothing(odd: Engine, runtime: Path, image: str) -> None:
    before = leaks.take(odd)
    (runtime.parent / "mode").write_text("fail")
    odd.docker("create", "--name", "failing", "--runtime", "odd", image, "true").check()

    failed = odd.call("POST", "/containers/failing/start")

    assert failed.status == 500
    assert "odd-runtime did not terminate successfully: exit status 1" in failed.message
    state = odd.call("GET", "/containers/failing/json").json()["State"]
    assert (state["Status"], state["ExitCode"], state["Error"]) == ("created", 128, failed.message)
    (runtime.parent / "mode").write_text("work")
    odd.docker("start", "failing").check()
    assert odd.docker("wait", "failing").check().last == "0"
    odd.remove_all_containers()
    leaks.assert_nothing_left(odd, before)


def test_a_runtime_that_hangs_holds_up_neither_reads_nor_removals(odd: Engine, runtime: Path, image: str) -> None:
    odd.docker("run", "-d", "--name", "other", image, "sleep", "1000").check()
    (runtime.parent / "mode").write_text("hang")
    hung = 2 * len(os.sched_getaffinity(0))  # as many as pierd starts at once
    for number in range(hung):
        odd.docker("create", "--name", f"h{number}", "--runtime", "odd", image, "true").check()
    starts = [
        threading.Thread(target=odd.call, args=("POST", f"/containers/h{number}/start")) for number in range(hung)
    ]
    for start in starts:
        start.start()
    try:
        wait_for(lambda: len(find_processes(f"sleep 1000.{os.getpid()}")) >= hung, what="all runtimes hang")

        # They would hang until they are killed.
        assert len(odd.call("GET", "/containers/json?all=1", timeout=30).json()) == hung + 1
        assert odd.call("DELETE", "/containers/other?force=1", timeout=30).status == 204
    finally:
        for pid in find_processes(f"sleep 1000.{os.getpid()}"):
            os.kill(pid, signal.SIGKILL)
        for start in starts:
            start.join(60)
    (runtime.parent / "mode").write_text("work")
    assert odd.call("GET", "/containers/h0/json").json()["State"]["Status"] == "created"
    odd.docker("start", "h0").check()


@pytest.fixture
def cramped(new_engine: Callable[..., Engine]) -> Engine:
    """An engine whose data root is a disk of 24 MB."""
    engine = new_engine()
    engine.data_root.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", engine.data_root], check=True)
    return engine.start()


@pytest.mark.timeout(180)
def test_a_full_disk_costs_log_lines_and_nothing_else(cramped: Engine, image: str) -> None:
    engine = cramped
    load_image(engine)
    engine.docker("run", "-d", "--name", "loud", image, "sh", "-c", "seq 1 1200000; sleep 1000").check()
    wait_for(lambda: free_bytes(engine.data_root) < 6 << 20, what="the disk is full", timeout=60)
    wait_for(lambda: "No space left" in engine.tail(), what="the log cannot be written")

    assert engine.call("GET", "/containers/json").json()[0]["State"] == "running"
    assert engine.docker("run", "--rm", image, "echo", "fine").check().stdout == "fine\n"
    assert engine.docker("exec", "loud", "echo", "alive").check().stdout == "alive\n"
    engine.docker("rm", "-f", "loud").check()
    wait_for(lambda: free_bytes(engine.data_root) > 12 << 20, what="the space is back")
    engine.docker("run", "--name", "next", image, "echo", "logged").check()
    assert engine.docker("logs", "next").check().stdout == "logged\n"


def free_bytes(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
