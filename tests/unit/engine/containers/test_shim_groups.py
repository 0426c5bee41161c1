"""Who shares a shim with whom, and what happens when one comes while the last one goes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.world import World

from pier.domain.container import HostConfig, Status
from pier.domain.errors import ShimGone, StartFailed
from pier.engine.containers.shim_groups import ANNOTATION, LARGEST_GROUP, ShimGroups
from pier.engine.networks import CreateNetwork
from pier.engine.runtimes import Runtimes

ON_ONE = HostConfig(network_mode="one")


@pytest.fixture
async def grouping(tmp_path: Path) -> AsyncIterator[World]:
    """An engine with --shim-group, and networks `one` and `two`."""
    made = World(tmp_path, settings={"shim_group": True})
    await made.boot()
    await made.load()
    for name in ("one", "two"):
        await made.engine.networks.create(CreateNetwork(name=name))
    made.containerd.state.calls.clear()
    yield made
    await made.shut_down()


def group_of(world: World, container_id: str) -> str:
    """As the shim reads it."""
    annotations = world.containerd.state.containers[container_id].spec.get("annotations", {})
    assert isinstance(annotations, dict)
    group = str(annotations.get(ANNOTATION, ""))
    assert world.container(container_id).shim_group == group
    return group


async def test_those_of_one_network_share_a_shim_and_others_do_not(grouping: World) -> None:
    first = await grouping.run("aa", host=ON_ONE)
    second = await grouping.run("bb", host=ON_ONE)
    other = await grouping.run("cc", host=HostConfig(network_mode="two"))
    with_second = await grouping.run("dd", host=HostConfig(network_mode=f"container:{second}"))
    assert group_of(grouping, first) == group_of(grouping, second) == group_of(grouping, with_second) != ""
    assert group_of(grouping, other) not in ("", group_of(grouping, first))


@pytest.mark.parametrize("mode", ["bridge", "host", "none"])
async def test_what_belongs_to_nobody_has_its_own(grouping: World, mode: str) -> None:
    for name in ("aa", "bb"):
        assert group_of(grouping, await grouping.run(name, host=HostConfig(network_mode=mode))) == ""


async def test_a_compose_project_is_one_owner_whatever_its_networks(grouping: World) -> None:
    def of(project: str) -> dict[str, str]:
        return {"com.docker.compose.project": project}

    shop = await grouping.run("aa", host=ON_ONE, labels=of("shop"))
    shop_too = await grouping.run("bb", labels=of("shop"))
    blog = await grouping.run("cc", host=ON_ONE, labels=of("blog"))
    nobodys = await grouping.run("dd", host=ON_ONE)
    assert group_of(grouping, shop) == group_of(grouping, shop_too)
    assert len({group_of(grouping, each) for each in (shop, blog, nobodys)}) == 3


async def test_a_group_that_a_user_names_is_left_to_him(grouping: World) -> None:
    own = HostConfig(network_mode="one", annotations={ANNOTATION: "mine"})
    container_id = await grouping.run("aa", host=own)
    assert grouping.containerd.state.containers[container_id].spec["annotations"] == {ANNOTATION: "mine"}
    assert grouping.container("aa").shim_group == ""


async def test_it_is_off_unless_asked_for(world: World) -> None:
    await world.engine.networks.create(CreateNetwork(name="one"))
    assert group_of(world, await world.run("aa", host=ON_ONE)) == ""
    assert (await world.engine.system.info()).shim_groups is None


async def test_many_that_start_at_once_fill_a_group_and_then_the_next(grouping: World) -> None:
    names = [f"c{number}" for number in range(LARGEST_GROUP + 2)]
    async with asyncio.TaskGroup() as starts:
        tasks = [starts.create_task(grouping.run(name, host=ON_ONE)) for name in names]
    groups = [group_of(grouping, task.result()) for task in tasks]
    assert sorted(map(groups.count, set(groups))) == [2, LARGEST_GROUP]
    assert (await grouping.engine.system.info()).shim_groups == (LARGEST_GROUP, 2)


async def test_inspect_names_those_whose_shim_it_is(grouping: World) -> None:
    first, second = await grouping.run("aa", host=ON_ONE), await grouping.run("bb", host=ON_ONE)
    details = await grouping.engine.containers.inspect("aa")
    assert details.shim_siblings == tuple(sorted((first, second)))
    await grouping.engine.containers.stop("bb")
    assert (await grouping.engine.containers.inspect("aa")).shim_siblings == (first,)
    assert (await grouping.engine.containers.inspect("bb")).shim_siblings == ()


async def test_nobody_joins_a_shim_whose_last_container_goes(grouping: World) -> None:
    last = await grouping.run("aa", host=ON_ONE)
    group = group_of(grouping, last)
    grouping.containerd.state.gates["tasks.delete"] = deleted = asyncio.Event()
    grouping.end(last)
    await grouping.until(lambda: grouping.calls("tasks.delete"))

    joining = await grouping.run("bb", host=ON_ONE)

    deleted.set()
    await grouping.ended("aa")
    assert group_of(grouping, joining) not in ("", group)


async def test_the_last_one_stays_until_who_joins_is_there(grouping: World) -> None:
    last = await grouping.run("aa", host=ON_ONE)
    joining = await grouping.create("bb", host=ON_ONE)
    grouping.containerd.state.gates["tasks.create"] = made = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(grouping.engine.containers.start(joining))
        await grouping.until(lambda: len(grouping.calls("tasks.create")) == 2)
        grouping.end(last)
        await grouping.turns()
        assert not grouping.calls("tasks.delete")
        made.set()
    await grouping.ended("aa")
    assert grouping.calls("tasks.delete")
    assert group_of(grouping, joining) == grouping.container("aa").shim_group


async def test_who_is_not_the_last_waits_for_nobody(grouping: World) -> None:
    """A runtime that hangs in the group holds up nobody's end longer than the shim does."""
    one, _, joining = [await grouping.create(name, host=ON_ONE) for name in ("aa", "bb", "cc")]
    await grouping.engine.containers.start("aa")
    await grouping.engine.containers.start("bb")
    grouping.containerd.state.gates["tasks.create"] = made = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(grouping.engine.containers.start(joining))
        await grouping.until(lambda: len(grouping.calls("tasks.create")) == 3)
        grouping.end(one)
        await grouping.ended("aa")
        made.set()


async def test_who_gives_up_waiting_for_its_turn_gives_its_place_back(grouping: World) -> None:
    groups = ShimGroups(grouping.context, Runtimes(grouping.context.config, systemd_cgroup=False))
    first, second = [grouping.container(await grouping.create(name, host=ON_ONE)) for name in ("aa", "bb")]

    async def join() -> None:
        async with groups.joining(second):
            pass

    async with groups.joining(first):
        waiting = asyncio.ensure_future(join())  # noqa: TID251  # cancelled below
        await grouping.turns(5)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert groups.siblings(first.id) == [first.id]
    assert groups.siblings(second.id) == []


async def test_a_group_whose_first_container_cannot_start_is_none(grouping: World) -> None:
    grouping.containerd.state.gates["tasks.create"] = tried = asyncio.Event()
    waiting = [await grouping.create(name, host=ON_ONE) for name in ("aa", "bb", "cc")]
    grouping.containerd.state.failures["tasks.create"] = StartFailed("no", 128)
    async with asyncio.TaskGroup() as clients:
        starts = [clients.create_task(_outcome(grouping, each)) for each in waiting]
        await grouping.until(lambda: grouping.calls("tasks.create"))
        tried.set()
    assert sorted(start.result() for start in starts) == ["", "", "no"]
    (sizes,) = [(await grouping.engine.system.info()).shim_groups]
    assert sizes == (2,)


async def _outcome(world: World, container_id: str) -> str:
    try:
        await world.engine.containers.start(container_id)
    except StartFailed as error:
        return error.message
    return ""


@pytest.mark.parametrize("call", ["tasks.create", "tasks.start"])
async def test_a_shim_that_ends_just_then_is_not_shared(grouping: World, call: str) -> None:
    first = await grouping.run("aa", host=ON_ONE)
    grouping.containerd.state.failures[call] = ShimGone("ttrpc: closed", 128)
    second = await grouping.run("bb", host=ON_ONE)
    assert group_of(grouping, second) == ""
    assert grouping.container("bb").state.status is Status.RUNNING
    assert (await grouping.engine.containers.inspect("aa")).shim_siblings == (first,)


async def test_a_shim_of_its_own_that_ends_fails_the_start(world: World) -> None:
    await world.create("aa")
    world.containerd.state.failures["tasks.create"] = ShimGone("ttrpc: closed", 128)
    with pytest.raises(ShimGone):
        await world.engine.containers.start("aa")
    assert world.calls("tasks.create") == ["tasks.create"]


async def test_the_next_pierd_knows_the_groups(grouping: World) -> None:
    first = await grouping.run("aa", host=ON_ONE)
    group = group_of(grouping, first)
    await grouping.restart()
    assert group_of(grouping, await grouping.run("bb", host=ON_ONE)) == group
    assert (await grouping.engine.system.info()).shim_groups == (2,)


async def test_groups_of_before_are_shown_where_it_is_off_by_now(grouping: World) -> None:
    first = await grouping.run("aa", host=ON_ONE)
    grouping.settings = {}
    await grouping.restart()
    second = await grouping.run("bb", host=ON_ONE)
    assert group_of(grouping, second) == ""
    assert (await grouping.engine.containers.inspect("aa")).shim_siblings == (first,)
    assert (await grouping.engine.system.info()).shim_groups == (1,)


async def test_who_ends_with_the_shim_says_so(grouping: World) -> None:
    ids = [await grouping.run(name, host=ON_ONE) for name in ("aa", "bb")]
    group = grouping.container("aa").shim_group
    for container_id in ids:  # what containerd does when a shim is gone: it reports a kill, and forgets the task
        grouping.end(container_id, 137)
        del grouping.containerd.state.tasks[container_id]
    for name in ("aa", "bb"):
        ended = await grouping.ended(name)
        assert (ended.state.status, ended.state.exit_code) == (Status.EXITED, 137)
        assert ended.state.error == f"its shim, which it shared with the others of group {group}, was killed"


async def test_who_is_killed_alone_says_nothing_of_the_shim(grouping: World) -> None:
    await grouping.run("aa", host=ON_ONE)
    await grouping.engine.containers.kill("aa")
    ended = await grouping.ended("aa")
    assert (ended.state.exit_code, ended.state.error) == (137, "")
