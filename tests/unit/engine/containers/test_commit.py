"""docker commit: the image it makes, and the pause around it."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import Config, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.mount import FilesystemMount
from pier.engine.containers.commit import CommitRequest, without_upper


async def test_the_containers_files_and_configuration_become_an_image(world: World) -> None:
    container_id = await world.create("web", "serve", "--all", labels={"a": "b"})
    world.containerd.snapshots.write_file(container_id, "etc/new", b"content")
    base = await world.engine.images.get("busybox")
    image_id = await world.engine.containers.commit(
        CommitRequest(container="web", repository="made", tag="v1", comment="why", author="who")
    )
    image = await world.engine.images.get("made:v1")
    assert image.id == image_id
    assert world.containerd.snapshots.files(image.chain_id)["etc/new"] == b"content"
    assert image.diff_ids[:-1] == base.diff_ids
    assert (image.config.cmd, image.config.labels) == (("serve", "--all"), {"a": "b"})
    assert (image.author, image.comment) == ("who", "why")
    step = image.history[-1]
    assert (step.created_by, step.author, step.comment, step.empty_layer) == ("serve --all", "who", "why", False)
    assert not world.containerd.state.leases


async def test_the_image_runs(world: World) -> None:
    await world.create("web")
    await world.engine.containers.commit(CommitRequest(container="web", repository="made"))
    await world.run("again", image="made")


async def test_changes_and_a_given_configuration_stand_above_the_containers(world: World) -> None:
    await world.create("web", "serve", env=("A=1", "B=2"))
    request = CommitRequest(container="web", repository="made", changes=("CMD other", "ENV B=3"))
    await world.engine.containers.commit(request)
    image = await world.engine.images.get("made")
    assert image.config.cmd == ("/bin/sh", "-c", "other")
    assert {"A=1", "B=3"} <= set(image.config.env)
    given = CommitRequest(container="web", repository="other", config=Config(cmd=("x",), env=("A=9",)))
    await world.engine.containers.commit(given)
    config = (await world.engine.images.get("other")).config
    assert (config.cmd, {"A=9", "B=2"} <= set(config.env)) == (("x",), True)


async def test_a_running_container_is_paused_meanwhile(world: World) -> None:
    await world.run("web")
    already = len(world.events)
    image_id = await world.engine.containers.commit(CommitRequest(container="web", repository="made", comment="c"))
    told = [(event.type, event.action) for event in world.events[already:]]
    assert told == [
        ("container", "pause"),
        ("image", "create"),
        ("image", "tag"),
        ("container", "commit"),
        ("container", "unpause"),
    ]
    commit = next(event for event in world.events if event.action == "commit")
    assert (commit.attributes["imageID"], commit.attributes["imageRef"], commit.attributes["comment"]) == (
        image_id,
        "made:latest",
        "c",
    )
    assert world.container("web").state.status is Status.RUNNING


async def test_unless_that_is_not_wanted_or_it_is_paused_already(world: World) -> None:
    await world.run("web")
    await world.engine.containers.commit(CommitRequest(container="web", pause=False))
    assert "pause" not in world.actions()
    await world.engine.containers.pause("web")
    await world.engine.containers.commit(CommitRequest(container="web"))
    assert world.container("web").state.status is Status.PAUSED


async def test_a_failure_leaves_the_container_running(world: World) -> None:
    await world.run("web")
    world.containerd.state.failures["diffs.compare"] = PierError("disk full")
    with pytest.raises(PierError, match="disk full"):
        await world.engine.containers.commit(CommitRequest(container="web"))
    assert world.container("web").state.status is Status.RUNNING
    assert not [key for key in world.containerd.state.snapshots if key.startswith("view-")]


async def test_an_image_without_a_name_is_kept(world: World) -> None:
    container_id = await world.create("web")
    world.containerd.snapshots.write_file(container_id, "x", b"1")
    image_id = await world.engine.containers.commit(CommitRequest(container="web"))
    assert (await world.engine.images.get(image_id)).repo_tags == ()


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        (CommitRequest(container=""), InvalidArgument, "invalid name or ID"),
        (CommitRequest(container="nobody"), NotFound, "No such container"),
        (CommitRequest(container="web", repository="BAD"), InvalidArgument, "must be lowercase"),
        (CommitRequest(container="web", repository="x", tag="-"), InvalidArgument, "invalid tag"),
        (CommitRequest(container="web", changes=("RUN x",)), InvalidArgument, "RUN is not a valid change command"),
    ],
)
async def test_refusals_come_before_any_work(
    world: World, request_: CommitRequest, error: type[PierError], text: str
) -> None:
    await world.run("web")
    with pytest.raises(error, match=text):
        await world.engine.containers.commit(request_)
    assert world.calls("diffs.compare", "tasks.pause") == []


def test_the_writable_layer_is_only_read() -> None:
    mount = FilesystemMount(
        type="overlay", source="overlay", options=("index=off", "workdir=/w", "upperdir=/u", "lowerdir=/a:/b")
    )
    assert without_upper(mount).options == ("index=off", "lowerdir=/u:/a:/b", "ro")
    assert without_upper(FilesystemMount(type="bind", source="/x", options=("rbind", "rw"))).options == ("rbind", "ro")
    view = FilesystemMount(type="overlay", source="overlay", options=("lowerdir=/a:/b",))
    assert without_upper(view) == view


async def test_a_layer_that_is_taken_away_meanwhile(world: World) -> None:
    await world.create("web")
    world.containerd.state.gates["snapshots.parent"] = gate = asyncio.Event()
    world.containerd.state.failures["snapshots.parent"] = PierError("cannot mount: no such file or directory")

    async def commit() -> None:
        with pytest.raises(Conflict, match="which is being removed"):
            await world.engine.containers.commit(CommitRequest(container="web", repository="made"))

    async with asyncio.TaskGroup() as clients:
        clients.create_task(commit())
        await world.until(lambda: world.calls("snapshots.parent"))
        await world.engine.containers.remove("web")
        gate.set()
