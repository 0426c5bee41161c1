"""Nothing is taken from a container that is being made."""

import asyncio

import pytest
from fakes.containerd import FakeContainerd
from fakes.world import World
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.errors import Conflict, NotFound
from pier.domain.filters import Filters
from pier.engine.images.claims import Claims, ImageUser

ONE = TestImage([{"a": Node(b"1")}])
TWO = TestImage([{"b": Node(b"2")}])
MAKING = ImageUser(id="c" * 64, name="web", running=True)


async def turns() -> None:
    """Gives everything that could still happen at once the chance to happen."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_an_image_that_is_claimed_is_neither_removed_nor_pruned(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    async with engine.images.claimed("x:1", MAKING) as image:
        assert list(engine.images.users(image.id)) == [MAKING]
        with pytest.raises(Conflict, match="container cccccccccccc is using its referenced image"):
            await engine.images.remove("x:1")
        with pytest.raises(Conflict, match="cannot be forced"):
            await engine.images.remove(image.id, force=True)
        assert (await engine.images.prune(Filters({"dangling": ("false",)})))[0] == []
    assert not engine.images.users(image.id)
    assert await engine.images.remove("x:1")


async def test_who_is_recorded_meanwhile_counts_once(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    async with engine.images.claimed("x:1", MAKING) as image:
        engine.users[image.id] = [MAKING]
        assert list(engine.images.users(image.id)) == [MAKING]


async def test_a_claim_that_comes_while_an_image_goes_finds_nothing(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    containerd.state.gates["images.delete"] = gate = asyncio.Event()

    async def claim() -> None:
        with pytest.raises(NotFound, match="No such image: x:1"):
            async with engine.images.claimed("x:1", MAKING):
                pass

    async with asyncio.TaskGroup() as clients:
        clients.create_task(engine.images.remove("x:1"))
        await turns()
        assert "images.delete" in containerd.state.calls
        clients.create_task(claim())
        await turns()
        gate.set()


async def test_of_two_removals_at_once_one_finds_nothing(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    results = await asyncio.gather(engine.images.remove("x:1"), engine.images.remove("x:1"), return_exceptions=True)
    assert isinstance(results[1], NotFound)
    assert [action for action, *_ in engine.events] == ["load", "untag", "delete"]


async def test_a_name_that_moves_while_it_is_waited_for_is_looked_up_again(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": TWO}))
    claims = Claims(lambda image_id: [])
    async with asyncio.TaskGroup() as clients:
        async with claims.turn(engine.images.get, "x:1"):

            async def claim() -> str:
                async with claims.claimed(engine.images.get, "x:1", MAKING) as image:
                    return image.id

            late = clients.create_task(claim())
            await turns()
            await engine.images.tag("y:1", "x", "1")
        assert await late == TWO.id


async def test_an_image_stays_while_a_container_is_made_of_it(world: World) -> None:
    world.containerd.state.gates["snapshots.prepare"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.create("web"))
        await world.until(lambda: world.calls("snapshots.prepare"))
        with pytest.raises(Conflict, match="is using its referenced image"):
            await world.engine.images.remove("busybox")
        gate.set()
    assert (await world.engine.images.get("busybox")).id == world.container("web").image_id
