"""Saving images."""

import io
import json
import tarfile

import pytest
from fakes.containerd import FakeContainerd
from support.image_engine import ImageEngine
from support.images import Node, TestImage, digest_of, docker_archive, oci_archive

from pier.domain.errors import InvalidArgument, NotFound

ONE = TestImage([{"a": Node(b"lower" * 1000)}, {"b": Node(b"1")}], {"Cmd": ["/b"]})
TWO = TestImage([{"a": Node(b"lower" * 1000)}, {"c": Node(b"2")}])


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
