"""The layer between an image and its containers: made once, and gone with the image."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.errors import NotFound, PierError
from pier.engine.containers.init_layer import key_of


async def test_containers_of_an_image_share_one_that_survives_collections(world: World) -> None:
    image = await world.engine.images.get("busybox")
    first = await world.create("one")
    world.containerd.state.collect()
    await world.engine.containers.remove("one")
    world.containerd.state.collect()
    second = await world.create("two")
    assert len(world.host.init_layers) == 1
    assert world.containerd.state.snapshots[second].parent == key_of(image)
    assert world.containerd.state.snapshots[key_of(image)].parent == image.chain_id
    assert first not in world.containerd.state.snapshots


async def test_creates_at_once_make_it_once(world: World) -> None:
    world.containerd.state.collect_always = True
    await asyncio.gather(*(world.create(f"c{number}") for number in range(5)))
    assert len(world.host.init_layers) == 1
    assert not [key for key in world.containerd.state.snapshots if key.startswith("extract-")]


async def test_it_goes_with_the_image(world: World) -> None:
    image = await world.engine.images.get("busybox")
    await world.create("one")
    await world.engine.containers.remove("one")
    await world.engine.images.remove("busybox")
    world.containerd.state.collect()
    assert key_of(image) not in world.containerd.state.snapshots


async def test_one_that_cannot_be_made_leaves_nothing_and_is_tried_again(world: World) -> None:
    image = await world.engine.images.get("busybox")
    world.containerd.state.failures["snapshots.commit"] = PierError("disk full")
    with pytest.raises(PierError, match="disk full"):
        await world.create("one")
    assert set(world.containerd.state.snapshots) == {image.chain_id}
    await world.create("one")
    assert key_of(image) in world.containerd.state.snapshots


async def test_another_engine_may_be_faster(world: World) -> None:
    image = await world.engine.images.get("busybox")
    gate = world.containerd.state.gates["content.set_labels"] = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        making = clients.create_task(world.create("one"))
        await world.until(lambda: world.host.init_layers)
        await world.containerd.snapshots.prepare("theirs", image.chain_id)
        await world.containerd.snapshots.commit(key_of(image), "theirs")
        gate.set()
        container_id = await making
    assert world.containerd.state.snapshots[container_id].parent == key_of(image)
    assert not [key for key in world.containerd.state.snapshots if key.startswith("extract-")]


async def test_an_image_that_is_not_unpacked_is_named(world: World) -> None:
    image = await world.engine.images.get("busybox")
    await world.containerd.snapshots.remove(image.chain_id)
    with pytest.raises(NotFound, match="not found"):
        await world.create("one")
