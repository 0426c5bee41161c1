"""docker update: what changes, now and for the next run."""

import pytest
from fakes.world import World

from pier.domain.container import HostConfig, RestartPolicy, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.resources import Resources
from pier.domain.runtime import TaskStatus
from pier.engine.containers.update import UpdateRequest

MB = 1 << 20
LIMITED = HostConfig(resources=Resources(memory=16 * MB, pids_limit=10))


def resources(**limits: object) -> UpdateRequest:
    return UpdateRequest(resources=Resources(**limits))  # type: ignore[arg-type]  # tests name fields freely


async def test_what_is_not_named_stays(world: World) -> None:
    await world.create("web", host=LIMITED)
    assert await world.engine.containers.update("web", resources(cpu_shares=7)) == []
    limits = world.container("web").host_config.resources
    assert (limits.memory, limits.memory_swap, limits.pids_limit, limits.cpu_shares) == (16 * MB, 32 * MB, 10, 7)
    assert world.containerd.tasks.updates == []
    assert world.actions() == ["create", "update"]


async def test_a_running_container_gets_it_at_once(world: World) -> None:
    container_id = await world.run("web", host=LIMITED)
    await world.engine.containers.update("web", resources(memory=24 * MB, nano_cpus=500_000_000))
    assert world.containerd.tasks.updates == [
        (
            container_id,
            {"memory": {"limit": 24 * MB, "swap": 32 * MB}, "cpu": {"period": 100_000, "quota": 50_000}},
        )
    ]


async def test_a_limit_of_processes_can_be_taken_away(world: World) -> None:
    await world.run("web", host=LIMITED)
    for value in (-1, 0):
        await world.engine.containers.update("web", resources(pids_limit=value))
        assert world.containerd.tasks.updates[-1][1] == {"pids": {"limit": -1}}
        assert world.container("web").host_config.resources.pids_limit == 0


async def test_it_is_still_so_after_a_restart_of_the_engine(world: World) -> None:
    await world.create("web", host=LIMITED)
    policy = RestartPolicy(name="on-failure", maximum_retry_count=3)
    await world.engine.containers.update("web", UpdateRequest(restart_policy=policy))
    await world.restart()
    host = world.container("web").host_config
    assert (host.restart_policy, host.resources.memory) == (policy, 16 * MB)


async def test_a_restart_policy_holds_from_the_next_exit_on(world: World) -> None:
    container_id = await world.run("web")
    await world.engine.containers.update("web", UpdateRequest(restart_policy=RestartPolicy(name="always")))
    world.end(container_id)
    await world.until(lambda: world.container("web").restart_count == 1)
    await world.engine.containers.update("web", UpdateRequest(restart_policy=RestartPolicy(name="no")))
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)
    world.end(container_id)
    assert (await world.ended("web")).state.status is Status.EXITED


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        (resources(memory=40 * MB), Conflict, "already set memoryswap limit"),
        (resources(memory=1), InvalidArgument, "Minimum memory limit allowed is 6MB"),
        (resources(memory=40 * MB, memory_swap=30 * MB), InvalidArgument, "larger than memory limit"),
        (resources(nano_cpus=99 * 10**9), InvalidArgument, "range of CPUs"),
        (resources(blkio_weight=5), InvalidArgument, "blkio weight"),
        (UpdateRequest(restart_policy=RestartPolicy(name="foo")), InvalidArgument, "unknown policy"),  # type: ignore[arg-type]  # on purpose
        (
            UpdateRequest(restart_policy=RestartPolicy(name="always", maximum_retry_count=1)),
            InvalidArgument,
            "maximum retry count",
        ),
    ],
)
async def test_refusals(world: World, request_: UpdateRequest, error: type[PierError], text: str) -> None:
    await world.run("web", host=LIMITED)
    before = world.container("web")
    with pytest.raises(error, match=text):
        await world.engine.containers.update("web", request_)
    assert world.container("web") == before
    assert world.containerd.tasks.updates == []


async def test_swap_alone_and_both_together(world: World) -> None:
    await world.create("web", host=LIMITED)
    await world.engine.containers.update("web", resources(memory=40 * MB, memory_swap=80 * MB))
    await world.engine.containers.update("web", resources(memory_swap=-1))
    limits = world.container("web").host_config.resources
    assert (limits.memory, limits.memory_swap) == (40 * MB, -1)


async def test_cpus_and_quota_exclude_each_other(world: World) -> None:
    await world.create("cpus", host=HostConfig(resources=Resources(nano_cpus=10**9)))
    await world.create("quota", host=HostConfig(resources=Resources(cpu_quota=50_000)))
    with pytest.raises(Conflict, match="CPU Quota cannot be updated as NanoCPUs has already been set"):
        await world.engine.containers.update("cpus", resources(cpu_quota=50_000))
    with pytest.raises(Conflict, match="Nano CPUs cannot be updated as CPU Quota has already been set"):
        await world.engine.containers.update("quota", resources(nano_cpus=10**9))


async def test_an_auto_removed_container_takes_no_restart_policy(world: World) -> None:
    await world.create("web", host=HostConfig(auto_remove=True))
    with pytest.raises(Conflict, match="AutoRemove is enabled"):
        await world.engine.containers.update("web", UpdateRequest(restart_policy=RestartPolicy(name="always")))
    await world.engine.containers.update("web", UpdateRequest(restart_policy=RestartPolicy(name="no")))


async def test_what_the_kernel_refuses_is_not_recorded(world: World) -> None:
    await world.run("web", host=LIMITED)
    world.containerd.state.failures["tasks.update"] = PierError("write cpuset.cpus: invalid argument")
    with pytest.raises(InvalidArgument, match="Requested CPUs are not available - requested 0-99"):
        await world.engine.containers.update("web", resources(cpuset_cpus="0-99"))
    assert world.container("web").host_config.resources.cpuset_cpus == ""
    with pytest.raises(NotFound):
        await world.engine.containers.update("nobody", resources(cpu_shares=1))


async def test_what_has_just_ended_is_updated_for_its_next_run(world: World) -> None:
    container_id = await world.run("web")
    world.containerd.state.tasks[container_id].init.status = TaskStatus.STOPPED
    for shares, error in (
        (66, Conflict("cannot update a stopped container")),
        (77, PierError("container not running")),
    ):
        world.containerd.state.failures["tasks.update"] = error
        await world.engine.containers.update("web", resources(cpu_shares=shares))
        assert world.container("web").host_config.resources.cpu_shares == shares
