"""Containers that share a shim, on a real containerd: who comes and goes beside whom, and what a shim's death takes.

PIER_SHIM_ROUNDS=500 makes the race of the last and the next container longer.
"""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import load_image
from support import leaks
from support.engine import Engine, find_processes
from support.images import BUSYBOX
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]

ROUNDS = int(os.environ.get("PIER_SHIM_ROUNDS", "60"))
WORKERS = 3


@pytest.fixture
def grouping(new_engine: Callable[..., Engine]) -> Engine:
    """An engine with --shim-group, an image, and the network `net`."""
    engine = new_engine("--shim-group").start()
    load_image(engine)
    engine.docker("network", "create", "net").check()
    return engine


def shims(engine: Engine) -> list[int]:
    return find_processes(f" -namespace {engine.namespace} ")


def run(engine: Engine, name: str, *options: str) -> None:
    command = ("run", "-d", "--network", "net", "--name", name, *options, BUSYBOX, "sleep", "1000")
    engine.docker(*command).check()


def test_a_shim_lives_as_long_as_one_of_its_containers(grouping: Engine) -> None:
    before = leaks.take(grouping)
    for name in ("first", "second", "third"):
        run(grouping, name)
    (shim,) = shims(grouping)
    inspected = grouping.call("GET", "/containers/second/json").json()
    assert len(inspected["ShimGroup"]["Containers"]) == 3

    grouping.docker("rm", "-f", "first").check()  # whose id the shim bears
    grouping.kill()
    grouping.start()  # looks for shims that were lost
    assert grouping.docker("exec", "second", "echo", "alive").check().stdout == "alive\n"
    run(grouping, "fourth")

    assert shims(grouping) == [shim]
    assert grouping.call("GET", "/info").json()["ShimGroups"] == [3]
    for name, code in (("second", 137), ("third", 137), ("fourth", 137)):
        assert grouping.docker("kill", name).check()
        assert grouping.docker("wait", name).check().last == str(code)
        assert grouping.call("GET", f"/containers/{name}/json").json()["State"]["Error"] == ""
    wait_for(lambda: not shims(grouping), what="the shim ends with the last of them")
    grouping.remove_all_containers()
    leaks.assert_nothing_left(grouping, before)


def test_a_killed_shim_takes_its_group_and_restart_policies_bring_it_back(grouping: Engine) -> None:
    before = leaks.take(grouping)
    run(grouping, "victim")
    run(grouping, "comes-back", "--restart", "always")
    grouping.docker("run", "-d", "--name", "apart", BUSYBOX, "sleep", "1000").check()
    group = grouping.call("GET", "/containers/victim/json").json()["ShimGroup"]
    (apart,) = find_processes(f" -id {grouping.call('GET', '/containers/apart/json').json()['Id']} ")
    (shared,) = set(shims(grouping)) - {apart}

    os.kill(shared, signal.SIGKILL)

    wait_for(lambda: not state(grouping, "victim")["Running"], what="the victim is said to have ended", timeout=30)
    ended = state(grouping, "victim")
    assert (ended["Status"], ended["ExitCode"]) == ("exited", 137)
    assert ended["Error"] == f"its shim, which it shared with the others of group {group['Id']}, was killed"
    wait_for(
        lambda: (
            grouping.call("GET", "/containers/comes-back/json").json()["RestartCount"] == 1
            and state(grouping, "comes-back")["Status"] == "running"
        ),
        what="the other one is started again",
        timeout=30,
    )
    assert grouping.docker("exec", "comes-back", "echo", "fine").check().stdout == "fine\n"
    assert grouping.docker("exec", "apart", "echo", "fine").check().stdout == "fine\n"
    grouping.remove_all_containers()
    leaks.assert_nothing_left(grouping, before)


def state(engine: Engine, name: str) -> dict[str, object]:
    found: dict[str, object] = engine.call("GET", f"/containers/{name}/json").json()["State"]
    return found


@pytest.mark.timeout(120 + 2 * ROUNDS)
def test_the_next_container_finds_a_shim_when_the_last_one_ends(grouping: Engine) -> None:
    """Three workers start and stop a container each: again and again one comes while the only other one goes."""
    before = leaks.take(grouping)
    failures: list[str] = []

    def work(number: int) -> None:
        command = ["sh", "-c", "true" if number == 0 else f"sleep 0.0{number}"]
        body = {"Image": BUSYBOX, "Cmd": command, "HostConfig": {"NetworkMode": "net"}}
        grouping.call("POST", f"/containers/create?name=w{number}", body)
        for round_number in range(ROUNDS // WORKERS):
            for verb, fine in (("start", (204,)), ("stop?t=5", (204, 304))):
                reply = grouping.call("POST", f"/containers/w{number}/{verb}")
                if reply.status not in fine:
                    failures.append(f"worker {number}, round {round_number}, {verb}: {reply.status} {reply.body!r}")

    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(work, range(WORKERS)))  # raises what a worker could not go on for

    assert failures == []
    assert "gets a shim of its own" not in Path(grouping.log).read_text()  # the order alone prevents it
    grouping.remove_all_containers()
    leaks.assert_nothing_left(grouping, before)
