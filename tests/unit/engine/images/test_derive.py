"""An image on top of another, without a container."""

import pytest
from fakes.containerd import FakeContainerd
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.container import Config
from pier.domain.image import MEDIA_TYPE_OCI_LAYER, MEDIA_TYPE_OCI_MANIFEST
from pier.domain.reference import parse
from pier.engine.images.derive import Derivation

BASE = TestImage([{"a": Node(b"lower")}], {"Cmd": ["/a"]})


async def derive(engine: ImageEngine, containerd: FakeContainerd, key: str = "work", **fields: object) -> str:
    base = await engine.images.get("x:tag")
    layers = tuple(await containerd.snapshots.mounts(key))
    wanted = Derivation(base=base, below=base.chain_id, layers=layers, config=Config(cmd=("/b",)), **fields)  # type: ignore[arg-type]  # tests name fields freely
    return (await engine.images.derive(wanted)).id


@pytest.fixture
async def changed(engine: ImageEngine, containerd: FakeContainerd) -> str:
    """A writable snapshot on the base, with one more file."""
    await engine.load(docker_archive({"x:tag": BASE}))
    await containerd.snapshots.prepare(
        "work", (await engine.images.get("x:tag")).chain_id, {"containerd.io/gc.root": "t"}
    )
    containerd.snapshots.write_file("work", "b", b"upper")
    return "work"


async def test_one_layer_more(engine: ImageEngine, containerd: FakeContainerd, changed: str) -> None:
    image_id = await derive(engine, containerd, name=parse("made:v1"))
    image = await engine.images.get("made:v1")
    assert image.id == image_id
    assert containerd.snapshots.files(image.chain_id) == {"a": b"lower", "b": b"upper"}
    assert image.manifest.media_type == MEDIA_TYPE_OCI_MANIFEST
    assert image.layers[-1].media_type == MEDIA_TYPE_OCI_LAYER
    assert image.layers[-1].digest == image.diff_ids[-1]
    assert engine.events[-2:] == [("create", image_id, image_id), ("tag", image_id, "made:v1")]


async def test_it_survives_a_collection_and_leaves_nothing_else(
    engine: ImageEngine, containerd: FakeContainerd, changed: str
) -> None:
    image_id = await derive(engine, containerd)
    await containerd.leases.collect()
    image = await engine.images.get(image_id)
    assert containerd.snapshots.files(image.chain_id) == {"a": b"lower", "b": b"upper"}
    assert not containerd.state.leases
    assert {key for key in containerd.state.snapshots if "-" in key} == set()


async def test_the_image_can_be_saved_and_loaded(engine: ImageEngine, containerd: FakeContainerd, changed: str) -> None:
    image_id = await derive(engine, containerd, name=parse("made:v1"))
    archive = b"".join([chunk async for chunk in engine.images.save(["made:v1"])])
    await engine.images.remove("made:v1")
    await engine.load(archive)
    assert (await engine.images.get("made:v1")).id == image_id


async def test_a_name_in_use_moves(engine: ImageEngine, containerd: FakeContainerd, changed: str) -> None:
    old = await engine.images.get("x:tag")
    new = await derive(engine, containerd, name=parse("x:tag"))
    assert (await engine.images.get("x:tag")).id == new
    assert (await engine.images.get(old.id)).repo_tags == ()
