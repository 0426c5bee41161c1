"""Saving images."""

import asyncio
import gzip
import io
import json
import tarfile

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import (
    Node,
    TestImage,
    digest_of,
    docker_archive,
    encode,
    host_architecture,
    oci_archive,
    oci_image,
    oci_index,
)

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import MEDIA_TYPE_OCI_INDEX, MEDIA_TYPE_OCI_MANIFEST, Platform

ONE = TestImage([{"a": Node(b"lower" * 1000)}, {"b": Node(b"1")}], {"Cmd": ["/b"]})
TWO = TestImage([{"a": Node(b"lower" * 1000)}, {"c": Node(b"2")}])
FOREIGN = TestImage([{"f": Node(b"foreign")}], architecture="s390x")
ABSENT = TestImage([{"g": Node(b"absent")}], architecture="riscv64")


def _files(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {one.name: file.read() for one in archive if (file := archive.extractfile(one)) is not None}


async def test_archive_is_docker_archive_and_oci_layout_at_once(engine: ImageEngine) -> None:
    await engine.load(oci_archive({"docker.io/library/x:1": ONE}))
    files = _files(await engine.save("x:1"))
    layers = [f"blobs/{digest_of(tar).replace(':', '/')}" for tar in ONE.layer_tars]
    [entry] = json.loads(files["manifest.json"])
    assert entry["Config"] == f"blobs/{ONE.id.replace(':', '/')}"
    assert entry["RepoTags"] == ["x:1"]
    assert entry["Layers"] == layers
    assert set(entry["LayerSources"]) == {digest_of(tar) for tar in ONE.layer_tars}
    assert [files[path] for path in layers] == ONE.layer_tars
    assert json.loads(files["repositories"]) == {"x": {"1": layers[-1].rpartition("/")[2]}}
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    [manifest] = json.loads(files["index.json"])["manifests"]
    assert manifest["annotations"] == {
        "io.containerd.image.name": "docker.io/library/x:1",
        "org.opencontainers.image.ref.name": "1",
    }
    for path, data in files.items():
        if path.startswith("blobs/"):
            assert digest_of(data) == path.removeprefix("blobs/").replace("/", ":")
    assert engine.events[-1] == ("save", ONE.id, ONE.id)


async def test_repository_stands_for_all_its_tags(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "x:2": TWO, "y:1": TWO}))
    entries = json.loads(_files(await engine.save("x"))["manifest.json"])
    assert [entry["RepoTags"] for entry in entries] == [["x:1"], ["x:2"]]


async def test_shared_layers_are_written_once(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": TWO}))
    data = await engine.save("x:1", "y:1", "x:1")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
    assert len(names) == len(set(names))


async def test_by_id_without_names(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    archive = await engine.save(ONE.id[7:19])
    assert json.loads(_files(archive)["manifest.json"])[0]["RepoTags"] is None
    await engine.images.remove("x:1")
    assert await engine.load(archive) == [f"Loaded image ID: {ONE.id}"]


async def test_unknown_name_is_told_before_the_first_byte(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    with pytest.raises(NotFound, match="No such image: y:latest"):
        await anext(engine.images.save(["x:1", "y"]))
    with pytest.raises(InvalidArgument):
        await anext(engine.images.save([]))


async def test_layer_that_another_client_discarded_is_told(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    layer = (await engine.images.get("x:1")).layers[0]
    del containerd.state.blobs[layer.digest]
    with pytest.raises(NotFound, match="pull the image again"):
        await anext(engine.images.save(["x:1"]))


async def _both_platforms(engine: ImageEngine, registry: FakeRegistry) -> str:
    """Pulls two of an index's three; the index's digest."""
    images = {(image.architecture or host_architecture()): oci_image(image) for image in (ONE, FOREIGN, ABSENT)}
    digest = registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    for image in (FOREIGN, ONE):
        await engine.pull("x", "1", Platform(architecture=image.architecture or host_architecture()))
    return digest


async def test_all_platforms_that_are_here_go_out_as_they_are_stored(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    digest = await _both_platforms(engine, registry)
    data = await engine.save("x:1")
    files = _files(data)
    [entry] = json.loads(files["index.json"])["manifests"]
    assert (entry["digest"], entry["annotations"]["io.containerd.image.name"]) == (digest, "docker.io/library/x:1")
    saved = {path.removeprefix("blobs/sha256/") for path in files if path.startswith("blobs/sha256/")}
    assert all(digest_of(files[f"blobs/sha256/{name}"]) == f"sha256:{name}" for name in saved)
    absent = oci_image(ABSENT)
    assert saved == {blob.partition(":")[2] for blob in containerd.state.blobs}
    assert not {name.partition(":")[2] for name in absent.blobs} & saved
    [table] = json.loads(files["manifest.json"])
    assert table["Config"] == f"blobs/{ONE.id.replace(':', '/')}"
    assert [gzip.decompress(files[path]) for path in table["Layers"]] == ONE.layer_tars
    before = set(containerd.state.blobs)
    await engine.images.remove("x:1", force=True)
    assert not containerd.state.blobs
    await engine.load(data)
    assert set(containerd.state.blobs) == before
    assert (await engine.images.get("x:1")).id == ONE.id
    assert (await engine.images.get_for("x:1", Platform(architecture="s390x"))).id == FOREIGN.id
    assert await engine.save("x:1") == data


async def test_one_platform_goes_out_alone_when_asked_for(engine: ImageEngine, registry: FakeRegistry) -> None:
    await _both_platforms(engine, registry)
    files = _files(await engine.save("x:1", platform=Platform(architecture="s390x")))
    [entry] = json.loads(files["manifest.json"])
    assert entry["Config"] == f"blobs/{FOREIGN.id.replace(':', '/')}"
    [manifest] = json.loads(files["index.json"])["manifests"]
    assert manifest["mediaType"] == MEDIA_TYPE_OCI_MANIFEST


async def test_index_of_which_one_image_is_here_goes_out_as_that_image(
    engine: ImageEngine, registry: FakeRegistry
) -> None:
    images = {(image.architecture or host_architecture()): oci_image(image) for image in (ONE, FOREIGN)}
    registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    await engine.pull("x", "1")
    [manifest] = json.loads(_files(await engine.save("x:1"))["index.json"])["manifests"]
    assert manifest["mediaType"] == MEDIA_TYPE_OCI_MANIFEST


async def test_index_within_an_index_comes_back(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    foreign, own = {FOREIGN.architecture: oci_image(FOREIGN)}, {host_architecture(): oci_image(ONE)}
    inner = oci_index(foreign)
    registry.push_index("docker.io/library/x", "", inner, foreign)
    outer = json.loads(oci_index(own))
    outer["manifests"].append({"mediaType": MEDIA_TYPE_OCI_INDEX, "digest": digest_of(inner), "size": len(inner)})
    registry.push_index("docker.io/library/x", "1", encode(outer), own)
    for image in (FOREIGN, ONE):
        await engine.pull("x", "1", Platform(architecture=image.architecture or host_architecture()))
    data, before = await engine.save("x:1"), set(containerd.state.blobs)
    await engine.images.remove("x:1", force=True)
    await engine.load(data)
    assert set(containerd.state.blobs) == before
    assert (await engine.images.get_for("x:1", Platform(architecture="s390x"))).id == FOREIGN.id


async def test_image_that_is_removed_while_it_is_saved_goes_out_whole(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(oci_archive({"docker.io/library/x:1": ONE}))
    whole = await engine.save("x:1")
    archive = engine.images.save(["x:1"])
    saved = await anext(archive)
    await engine.images.remove("x:1")
    saved += b"".join([chunk async for chunk in archive])
    assert saved == whole
    assert not containerd.state.blobs
    assert not containerd.state.leases


async def test_image_that_goes_just_before_it_is_saved_is_not_found(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(oci_archive({"docker.io/library/x:1": ONE}))
    containerd.state.gates["leases.keep"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        saving = clients.create_task(refused_save(engine))
        for _ in range(50):
            await asyncio.sleep(0)
        await engine.images.remove("x:1")
        gate.set()
    assert saving.result().startswith("No such image")


async def refused_save(engine: ImageEngine) -> str:
    with pytest.raises(NotFound) as refused:
        await engine.save("x:1")
    return refused.value.message
