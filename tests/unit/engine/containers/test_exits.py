"""An exit: settled once, in order, whenever and however often it is heard."""

import asyncio
import itertools

import pytest
from fakes.world import World

from pier.domain.container import Container, Healthcheck, HostConfig, RestartPolicy, Status
from pier.domain.errors import PierError
from pier.domain.record import Put
from pier.domain.runtime import TaskExit, TaskOom

RETRY = HostConfig(restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=2))


async def test_an_exit_is_recorded_with_its_code_and_time(world: World) -> None:
    container_id = await world.run("web", "sh", "-c", "serve")
    world.containerd.state.clock = itertools.count(at := 1_700_000_123_000_000_000)
    world.end(container_id, 7)
    ended = await world.ended("web")
    assert (ended.state.status, ended.state.exit_code, ended.state.pid) == (Status.EXITED, 7, 0)
    assert ended.state.finished_at == at


async def test_an_exit_before_the_start_is_recorded_is_settled_all_the_same(world: World) -> None:
    await world.run("web", "sh", "-c", "exit 3")
    ended = await world.ended("web")
    assert (ended.state.status, ended.state.exit_code) == (Status.EXITED, 3)
    assert world.actions() == ["create", "network connect", "start", "network disconnect", "die"]


async def test_die_tells_the_code_and_how_long_it_ran(world: World) -> None:
    container_id = await world.run("web", "sleep", "9", labels={"k": "v"})
    started = world.container("web").state.started_at
    pid = world.container("web").state.pid
    await world.engine.supervisor._exits.settle(
        TaskExit(container_id=container_id, exec_id="", pid=pid, status=5, exited_at=started + 2_500_000_000)
    )
    die = world.events[-1]
    assert die.action == "die"
    assert die.attributes == {"k": "v", "image": "busybox", "name": "web", "exitCode": "5", "execDuration": "2"}


async def test_an_exit_heard_twice_is_settled_once(world: World) -> None:
    container_id = await world.run("web")
    pid = world.container("web").state.pid
    world.end(container_id, 1)
    world.containerd.state.publish(TaskExit(container_id=container_id, exec_id="", pid=pid, status=99, exited_at=1))
    await world.ended("web")
    await world.turns()
    assert world.container("web").state.exit_code == 1
    assert world.actions().count("die") == 1


async def test_a_late_exit_of_the_last_run_leaves_the_present_one_alone(world: World) -> None:
    container_id = await world.run("web")
    first = world.container("web").state.pid
    world.end(container_id)
    await world.ended("web")
    await world.engine.containers.start("web")
    world.containerd.state.publish(TaskExit(container_id=container_id, exec_id="", pid=first, status=9, exited_at=1))
    await world.turns()
    assert world.container("web").state.status is Status.RUNNING


async def test_nothing_of_a_run_is_left(world: World) -> None:
    container_id = await world.run("web")
    stream = world.stream(container_id)
    world.end(container_id)
    ended = await world.ended("web")
    assert stream.finished
    assert not world.containerd.state.tasks
    assert not world.containerd.state.containers
    assert not world.networks.netns
    assert not world.networks.attached
    assert ended.endpoints["bridge"].ipv4_address == ""
    assert ended.endpoints["bridge"].network_id


async def test_a_step_of_the_cleaning_that_fails_keeps_no_other_from_being_done(world: World) -> None:
    container_id = await world.run("web")
    world.containerd.state.failures["containers.delete"] = PierError("no")
    world.end(container_id)
    await world.ended("web")
    assert not world.networks.netns
    assert world.stream(container_id).finished
    assert not world.containerd.state.tasks


async def test_the_exit_is_recorded_before_the_task_is_deleted(world: World) -> None:
    """Until then the shim keeps the code: a pierd killed in between would otherwise lose it."""
    container_id = await world.run("web")
    world.records.failure = PierError("disk full")
    world.end(container_id, 4)
    await world.turns()
    assert container_id in world.containerd.state.tasks


async def test_oom_that_is_told_after_the_exit_is_seen_in_the_cgroup_and_is_not_of_the_next_run(world: World) -> None:
    container_id = await world.run("web")
    world.host.killed_for_memory[world.container("web").cgroup_path] = 1
    world.end(container_id, 137)
    assert (await world.ended("web")).state.oom_killed
    world.host.killed_for_memory.clear()
    world.containerd.state.publish(TaskOom(container_id=container_id))
    await world.turns()
    assert [action for action in world.actions() if action in ("oom", "die")] == ["oom", "die"]
    await world.engine.containers.start("web")
    world.end(container_id, 0)
    assert not (await world.ended("web")).state.oom_killed


async def test_oom_that_is_told_while_the_exit_is_recorded_is_not_of_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    container_id = await world.run("web")

    async def told_meanwhile(_: str) -> int:
        world.containerd.state.publish(TaskOom(container_id=container_id))
        await world.turns()
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(world.host, "oom_kills", told_meanwhile)
        world.end(container_id, 137)
        await world.until(lambda: "oom" in world.actions())
    await world.engine.containers.start("web")
    world.end(container_id, 0)
    assert not (await world.ended("web")).state.oom_killed


async def test_oom_is_shown_until_the_next_start(world: World) -> None:
    container_id = await world.run("web")
    world.containerd.tasks.strike_oom(container_id)
    assert (await world.ended("web")).state.oom_killed
    actions = world.actions()
    assert actions.index("oom") < actions.index("die")
    await world.engine.containers.start("web")
    assert not world.container("web").state.oom_killed


async def test_a_checked_container_that_stopped_is_unhealthy(world: World) -> None:
    container_id = await world.run("web", healthcheck=Healthcheck(test=("CMD", "true"), interval=10**12))
    world.end(container_id)
    ended = await world.ended("web")
    assert ended.state.health is not None
    assert ended.state.health.status == "unhealthy"


async def test_on_failure_2_makes_three_runs(world: World) -> None:
    await world.run("web", "sh", "-c", "exit 1", host=RETRY)
    ended = await world.ended("web")
    assert (ended.state.status, ended.state.exit_code, ended.restart_count) == (Status.EXITED, 1, 2)
    assert world.actions().count("start") == 3
    assert world.actions().count("die") == 3


async def test_on_failure_leaves_a_success_alone(world: World) -> None:
    await world.run("web", "sh", "-c", "exit 0", host=RETRY)
    assert (await world.ended("web")).restart_count == 0


async def test_a_start_by_the_user_counts_restarts_anew(world: World) -> None:
    await world.run("web", "sh", "-c", "exit 1", host=RETRY)
    await world.ended("web")
    await world.engine.containers.start("web")
    await world.ended("web")
    assert world.actions().count("start") == 6
    assert world.container("web").restart_count == 2


async def test_the_backoff_doubles(world: World) -> None:
    await world.run("web", "sh", "-c", "exit 1", host=RETRY)
    await world.ended("web")
    states = [
        put.value.state for put in world.records.changes if isinstance(put, Put) and isinstance(put.value, Container)
    ]
    backoffs = [state.backoff for state in states if state.status is Status.RESTARTING]
    assert sorted(set(backoffs)) == [2_000_000, 4_000_000]


async def test_between_two_runs_it_has_no_address(world: World) -> None:
    container_id = await world.run("web", host=RETRY)
    assert world.container("web").endpoints["bridge"].ipv4_address
    world.containerd.state.gates["snapshots.mounts"] = gate = asyncio.Event()
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    await world.until(lambda: not world.container("web").endpoints["bridge"].ipv4_address, "the address is gone")
    gate.set()


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
async def test_what_the_user_stopped_stays_down(world: World, policy: str) -> None:
    host = HostConfig(restart_policy=RestartPolicy(name=policy))  # type: ignore[arg-type]  # by parameter
    await world.run("web", host=host)
    await world.engine.containers.stop("web")
    await world.turns()
    assert world.container("web").state.status is Status.EXITED


async def test_always_starts_again_after_success(world: World) -> None:
    container_id = await world.run("web", host=HostConfig(restart_policy=RestartPolicy(name="always")))
    world.end(container_id, 0)
    await world.until(lambda: world.container("web").restart_count == 1)
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)
