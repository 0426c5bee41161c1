"""Images end to end: a real containerd, a real registry, archives that skopeo reads."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from support.facilities import require_command
from support.image_engine import ImageEngine
from support.images import Node, TestImage, busybox, docker_archive, oci_archive
from support.registry import RunningRegistry

from pier.containerd.client import Client
from pier.containerd.content import Content
from pier.containerd.snapshots import Snapshots
from pier.domain.errors import NotFound, PierError

pytestmark = [pytest.mark.containerd, pytest.mark.root]

LAYERED = TestImage([{"a": Node(bytes(3_000_000))}, {"b": Node(b"upper")}, {"c": Node(b"top")}], {"Cmd": ["/b"]})


@pytest.mark.parametrize("pack", [docker_archive, oci_archive])
async def test_load_unpacks_busybox(images_engine: ImageEngine, client: Client, pack: object) -> None:
    assert callable(pack)
    assert await images_engine.load(pack({"pier/busybox:latest": busybox()})) == ["Loaded image: pier/busybox:latest"]
    image = await images_engine.images.get("pier/busybox")
    assert image.id == busybox().id
    assert await Snapshots(client).exists(image.chain_id)
    assert image.size > 1_000_000


async def test_loaded_image_survives_garbage_collection(images_engine: ImageEngine, client: Client) -> None:
    from pier.containerd.leases import Leases

    await images_engine.load(docker_archive({"x:1": LAYERED}))
    await Leases(client).collect()
    image = await images_engine.images.get("x:1")
    assert await Snapshots(client).exists(image.chain_id)
    for layer in image.layers:
        assert await Content(client).size(layer.digest) is not None


async def test_save_round_trip_keeps_the_id(images_engine: ImageEngine) -> None:
    await images_engine.load(oci_archive({"docker.io/library/x:1": LAYERED}))
    archive = await images_engine.save("x:1")
    assert [action for action, *_ in images_engine.events] == ["load", "save"]
    await images_engine.images.remove("x:1")
    with pytest.raises(NotFound, match="No such image: x:1"):
        await images_engine.images.get("x:1")
    assert await images_engine.load(archive) == ["Loaded image: x:1"]
    assert (await images_engine.images.get("x:1")).id == LAYERED.id


async def test_saved_archive_is_read_by_skopeo(images_engine: ImageEngine, tmp_path: Path) -> None:
    skopeo = require_command("skopeo")
    await images_engine.load(oci_archive({"docker.io/library/x:1": LAYERED}))
    (tmp_path / "saved.tar").write_bytes(await images_engine.save("x"))
    for source in ("docker-archive:saved.tar:x:1", "oci-archive:saved.tar:1"):
        told = subprocess.run(
            [skopeo, "inspect", "--config", "--raw", source], cwd=tmp_path, capture_output=True, check=True, timeout=60
        )
        assert told.stdout == LAYERED.config_json
    copy = [skopeo, "--insecure-policy", "copy", "--quiet", "docker-archive:saved.tar", "dir:out"]
    subprocess.run(copy, cwd=tmp_path, capture_output=True, check=True, timeout=60)  # verifies every digest


async def test_removal_frees_snapshots_and_content(images_engine: ImageEngine, client: Client) -> None:
    await images_engine.load(docker_archive({"x:1": LAYERED}))
    image = await images_engine.images.get("x:1")
    removed = await images_engine.images.remove("x:1")
    assert removed[:2] == [("Untagged", "x:1"), ("Deleted", LAYERED.id)]
    assert len(removed) == 2 + len(LAYERED.layers)
    assert await Snapshots(client).list_keys() == []
    for digest in (image.id, image.manifest.digest, *(layer.digest for layer in image.layers)):
        assert await Content(client).size(digest) is None


async def test_pull_from_a_registry(images_engine: ImageEngine, remote: RunningRegistry, client: Client) -> None:
    name = remote.push("test/pull:1", LAYERED)
    repository, _, tag = name.rpartition(":")
    lines = await images_engine.pull(repository, tag)
    image = await images_engine.images.get(name)
    assert image.id == LAYERED.id
    assert image.repo_tags == (name,)
    assert image.repo_digests == (f"{repository}@{image.manifest.digest}",)
    assert await Snapshots(client).exists(image.chain_id)
    assert (lines[0].status, lines[0].id) == ("Pulling from test/pull", "1")
    assert [line.status for line in lines[-2:]] == [
        f"Digest: {image.manifest.digest}",
        f"Status: Downloaded newer image for {name}",
    ]
    assert [line.status for line in lines].count("Pull complete") == len(LAYERED.layers)


async def test_second_pull_fetches_nothing(images_engine: ImageEngine, remote: RunningRegistry) -> None:
    name = remote.push("test/again:1", LAYERED)
    repository, _, tag = name.rpartition(":")
    await images_engine.pull(repository, tag)
    before = len(remote.requests())
    lines = await images_engine.pull(repository, tag)
    asked = remote.requests()[before:]
    assert lines[-1].status == f"Status: Image is up to date for {name}"
    assert [line.status for line in lines[1:-1]] == [
        f"Digest: {(await images_engine.images.get(name)).manifest.digest}"
    ]
    assert asked
    assert not [line for line in asked if "GET" in line]


async def test_concurrent_pulls_download_each_layer_once(images_engine: ImageEngine, remote: RunningRegistry) -> None:
    name = remote.push("test/together:1", TestImage([{"only": Node(b"here" * 200_000)}, {"x": Node(b"y")}]))
    repository, _, tag = name.rpartition(":")
    before = len(remote.requests())
    await asyncio.gather(*(images_engine.pull(repository, tag) for _ in range(4)))
    asked = [line for line in remote.requests()[before:] if line.startswith("GET") and "/blobs/" in line]
    for layer in (await images_engine.images.get(name)).layers:
        assert len([line for line in asked if layer.digest in line]) == 1


async def test_pull_of_zstd_layers(images_engine: ImageEngine, remote: RunningRegistry, client: Client) -> None:
    name = remote.push("test/zstd:1", LAYERED, oci=True, compression="zstd")
    repository, _, tag = name.rpartition(":")
    await images_engine.pull(repository, tag)
    image = await images_engine.images.get(name)
    assert image.id == LAYERED.id
    assert await Snapshots(client).exists(image.chain_id)
    assert {layer.media_type.rpartition("+")[2] for layer in image.layers} == {"zstd"}
    await images_engine.save(name)  # which unpacks them


async def test_pull_by_digest(images_engine: ImageEngine, remote: RunningRegistry) -> None:
    name = remote.push("test/digest:1", LAYERED, oci=True)
    repository, _, tag = name.rpartition(":")
    await images_engine.pull(repository, tag)
    digest = (await images_engine.images.get(name)).manifest.digest
    await images_engine.images.remove(name)
    await images_engine.pull(repository, digest)
    image = await images_engine.images.get(f"{repository}@{digest}")
    assert image.repo_tags == ()
    assert image.repo_digests == (f"{repository}@{digest}",)


async def test_pull_of_all_tags(images_engine: ImageEngine, remote: RunningRegistry) -> None:
    for tag in ("1", "2"):
        remote.push(f"test/all:{tag}", LAYERED)
    await images_engine.pull(f"{remote.host}/test/all", "")
    assert len((await images_engine.images.get(LAYERED.id)).repo_tags) == 2


async def test_unknown_tag_and_repository(images_engine: ImageEngine, remote: RunningRegistry) -> None:
    remote.push("test/known:1", LAYERED)
    with pytest.raises(NotFound, match="manifest unknown"):
        await images_engine.pull(f"{remote.host}/test/known", "2")
    with pytest.raises(NotFound):
        await images_engine.pull(f"{remote.host}/test/nothing", "1")


async def test_unreachable_registry(images_engine: ImageEngine) -> None:
    with pytest.raises(PierError, match="cannot talk to"):
        await images_engine.pull("127.0.0.1:1/test/x", "1")


async def test_image_pulled_in_another_namespace_is_not_fetched_again(
    images_engine: ImageEngine, remote: RunningRegistry, client: Client
) -> None:
    from pier.containerd.diffs import Diffs
    from pier.containerd.images import ImageRecords
    from pier.containerd.leases import Leases

    name = remote.push("test/shared:1", TestImage([{"shared": Node(b"data" * 100_000)}]))
    repository, _, tag = name.rpartition(":")
    other = Client(client.address, client.namespace + "-other")
    try:
        theirs = ImageEngine(
            Content(other),
            ImageRecords(other),
            Snapshots(other),
            Diffs(other),
            Leases(other),
            images_engine.registry,
        )
        await theirs.pull(repository, tag)
        before = len(remote.requests())
        await images_engine.pull(repository, tag)
        image = await images_engine.images.get(name)
        fetched = [line for line in remote.requests()[before:] if "GET" in line and image.layers[0].digest in line]
        assert fetched == []
        await theirs.images.remove(name)
        assert await Snapshots(client).exists(image.chain_id)
    finally:
        await other.close()
