"""Manifests that a push made, and those that they were made from."""

from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.errors import NotFound
from pier.domain.image import Descriptor
from pier.engine.images.plain import plain_form

ONE = TestImage([{"a": Node(b"lower")}, {"b": Node(b"upper")}])


async def _pushed(engine: ImageEngine) -> tuple[Descriptor, Descriptor]:
    """The manifest that is here, and the one that the registry was given."""
    await engine.load(docker_archive({"h:5/a:1": ONE}))
    await engine.push("h:5/a:1")
    plain = (await engine.images.get("h:5/a:1")).manifest
    records = await engine.image_records.list()
    return plain, next(record.target for record in records if "@" in record.name)


async def test_pushed_manifest_leads_to_the_plain_one(engine: ImageEngine, registry: FakeRegistry) -> None:
    plain, pushed = await _pushed(engine)
    assert pushed.digest != plain.digest
    assert await plain_form(engine.content, pushed) == plain
    assert await plain_form(engine.content, plain) is plain


async def test_without_all_plain_layers_it_stands_for_itself(engine: ImageEngine, containerd: FakeContainerd) -> None:
    plain, pushed = await _pushed(engine)
    layer = (await engine.images.get("h:5/a:1")).layers[1].digest
    blob = containerd.state.blobs.pop(layer)
    assert await plain_form(engine.content, pushed) is pushed
    containerd.state.blobs[layer] = blob
    del containerd.state.blobs[plain.digest]
    assert await plain_form(engine.content, pushed) is pushed


async def test_manifest_that_is_not_here_stands_for_itself(engine: ImageEngine) -> None:
    gone = Descriptor(media_type="", digest="sha256:" + "0" * 64, size=1)
    assert await plain_form(engine.content, gone) is gone


async def test_plain_one_that_is_collected_before_it_is_read(engine: ImageEngine, containerd: FakeContainerd) -> None:
    _, pushed = await _pushed(engine)
    containerd.state.failures["content.read"] = NotFound("collected")
    assert await plain_form(engine.content, pushed) is pushed
