"""Removing names and images, by docker's rules."""

import asyncio

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, oci_image

from pier.domain.errors import Conflict, NotFound
from pier.engine.images.claims import ImageUser

ONE = TestImage([{"a": Node(b"shared")}, {"b": Node(b"1")}])
TWO = TestImage([{"a": Node(b"shared")}, {"c": Node(b"2")}])
RUNNING = ImageUser(id="c" * 64, name="web", running=True)
STOPPED = ImageUser(id="d" * 64, name="old", running=False)


async def test_last_name_takes_the_image_with_it(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    chain_id = (await engine.images.get("x:1")).chain_id
    removed = await engine.images.remove("x:1")
    assert removed[:3] == [("Untagged", "x:1"), ("Deleted", ONE.id), ("Deleted", chain_id)]
    assert not containerd.state.images
    assert not containerd.state.blobs
    assert not containerd.state.snapshots
    assert [action for action, *_ in engine.events] == ["load", "untag", "delete"]


async def test_layers_that_another_image_has_stay(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": TWO}))
    assert len(await engine.images.remove("x:1")) == 3
    assert len(containerd.state.snapshots) == 2
    assert (await engine.images.get("y:1")).id == TWO.id


async def test_one_of_several_names_only_untags(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": ONE}))
    assert await engine.images.remove("x:1") == [("Untagged", "x:1")]
    assert (await engine.images.get("y:1")).repo_tags == ("y:1",)


async def test_digest_goes_with_the_last_tag_of_its_repository(engine: ImageEngine, registry: FakeRegistry) -> None:
    digest = registry.push("docker.io/library/x", "1", oci_image(ONE))
    await engine.pull("x", "1")
    await engine.images.tag("x:1", "x", "2")
    assert await engine.images.remove("x:1") == [("Untagged", "x:1")]
    removed = await engine.images.remove("x:2")
    assert removed[:3] == [("Untagged", "x:2"), ("Untagged", f"x@{digest}"), ("Deleted", ONE.id)]


async def test_by_id_with_names_in_several_repositories_must_be_forced(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": ONE}))
    short = ONE.id[7:19]
    with pytest.raises(
        Conflict, match=rf"conflict: unable to delete {short} \(must be forced\) - image is referenced in multiple"
    ):
        await engine.images.remove(short)
    removed = await engine.images.remove(short, force=True)
    assert removed[:3] == [("Untagged", "x:1"), ("Untagged", "y:1"), ("Deleted", ONE.id)]


async def test_by_id_with_one_name(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    assert ("Deleted", ONE.id) in await engine.images.remove(ONE.id)


async def test_running_container_forbids_it_by_id_even_forced(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": ONE}))
    engine.users[ONE.id] = [STOPPED, RUNNING]
    for force in (False, True):
        with pytest.raises(
            Conflict, match=r"cannot be forced\) - image is being used by running container cccccccccccc$"
        ):
            await engine.images.remove(ONE.id, force=force)
    assert sorted((await engine.images.get("x:1")).repo_tags) == ["x:1", "y:1"]


async def test_stopped_container_forbids_it_unless_forced(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    engine.users[ONE.id] = [STOPPED]
    with pytest.raises(Conflict, match=r"must be forced\) - image is being used by stopped container dddddddddddd$"):
        await engine.images.remove(ONE.id)
    with pytest.raises(Conflict, match=r'repository reference "x:1" \(must force\) - container dddddddddddd is using'):
        await engine.images.remove("x:1")
    assert ("Deleted", ONE.id) in await engine.images.remove("x:1", force=True)


async def test_forced_by_name_under_a_running_container_only_untags(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    engine.users[ONE.id] = [RUNNING]
    assert await engine.images.remove("x:1", force=True) == [("Untagged", "x:1")]
    assert (await engine.images.get(ONE.id)).repo_tags == ()


async def test_spare_name_of_a_used_image_may_go(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": ONE}))
    engine.users[ONE.id] = [RUNNING]
    assert await engine.images.remove("x:1") == [("Untagged", "x:1")]


async def test_image_named_like_an_id_is_meant_by_its_name(engine: ImageEngine) -> None:
    name = ONE.id[7:13]
    await engine.load(docker_archive({f"{name}:latest": ONE, "y:1": ONE}))
    assert await engine.images.remove(name) == [("Untagged", f"{name}:latest")]


async def test_unknown_image(engine: ImageEngine) -> None:
    with pytest.raises(NotFound, match="No such image: x:latest"):
        await engine.images.remove("x")


async def test_image_that_gets_a_name_while_its_last_one_goes_stays(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    containerd.state.gates["images.delete"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        removal = clients.create_task(engine.images.remove("x:1"))
        for _ in range(200):
            await asyncio.sleep(0)
        assert "images.delete" in containerd.state.calls
        clients.create_task(engine.load(docker_archive({"y:1": ONE})))
        for _ in range(200):
            await asyncio.sleep(0)
        gate.set()
    assert removal.result() == [("Untagged", "x:1")]
    assert (await engine.images.get("y:1")).repo_tags == ("y:1",)
