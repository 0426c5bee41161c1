"""A task that containerd has forgotten: what it ended with, and what follows."""

from fakes.world import World

from pier.domain.container import HostConfig, RestartPolicy, Status
from pier.domain.runtime import InitEnd
from pier.engine.supervisor import LOST

ALWAYS = HostConfig(restart_policy=RestartPolicy(name="always"))


async def test_a_task_that_is_gone_without_a_trace_is_255_with_the_reason(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.containerd.tasks.vanish(container_id)
    await world.boot()
    state = world.container("web").state
    assert (state.status, state.exit_code, state.error) == (Status.EXITED, 255, LOST)


async def test_a_task_that_is_gone_ended_as_the_kernel_says(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.containerd.tasks.vanish(container_id)
    ended_at = world.context.memory.clock.now()
    world.inits.ends[container_id] = InitEnd(status=42, ended_at=ended_at)
    await world.boot()
    state = world.container("web").state
    assert (state.status, state.exit_code, state.error, state.finished_at) == (Status.EXITED, 42, "", ended_at)
    assert not world.inits.held


async def test_an_end_that_nobody_saw_is_dated_when_it_is_found(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.containerd.tasks.vanish(container_id)
    world.inits.ends[container_id] = InitEnd(status=0, ended_at=0)
    before = world.context.memory.clock.now()
    await world.boot()
    state = world.container("web").state
    assert (state.exit_code, state.error) == (0, "")
    assert state.finished_at > before


async def test_a_policy_goes_by_the_code_that_the_kernel_tells(world: World) -> None:
    on_failure = HostConfig(restart_policy=RestartPolicy(name="on-failure"))
    good, bad = await world.run("good", host=on_failure), await world.run("bad", host=on_failure)
    await world.shut_down()
    for container_id, status in ((good, 0), (bad, 1)):
        world.containerd.tasks.vanish(container_id)
        world.inits.ends[container_id] = InitEnd(status=status, ended_at=0)
    await world.boot()
    await world.until(lambda: world.container("bad").state.status is Status.RUNNING)
    assert world.container("good").state.status is Status.EXITED


async def test_the_process_of_a_container_is_held_while_it_runs(world: World) -> None:
    container_id = await world.run("web")
    assert world.inits.held == {container_id: world.container("web").state.pid}
    world.inits.held["stranger".ljust(64, "0")] = 1
    await world.restart()
    assert world.inits.taken_up == [container_id]
    assert list(world.inits.held) == [container_id]
    await world.engine.containers.stop("web")
    assert not world.inits.held


async def test_a_lost_task_runs_again_by_its_policy(world: World) -> None:
    container_id = await world.run("web", host=ALWAYS)
    await world.shut_down()
    world.containerd.tasks.vanish(container_id)
    await world.boot()
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)
    assert world.container("web").restart_count == 1
