"""Images made of archives of files."""

import gzip

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine, pieces
from support.images import Node, TestImage, digest_of

from pier.domain.errors import InvalidArgument, PierError
from pier.domain.image import Platform
from pier.domain.reference import parse
from pier.engine.images.importing import ImportRequest

TAR = TestImage([{"etc": Node(), "etc/motd": Node(b"hello\n")}]).layer_tars[0]
NAME = parse("x:1")


async def _import(engine: ImageEngine, request: ImportRequest, body: bytes = TAR) -> str:
    [line] = [line async for line in engine.images.import_(request, pieces(body))]
    return line.status


@pytest.mark.parametrize("body", [TAR, gzip.compress(TAR)])
async def test_archive_becomes_the_one_layer(engine: ImageEngine, containerd: FakeContainerd, body: bytes) -> None:
    request = ImportRequest(name=NAME, message="why", changes=('CMD ["a"]', "ENV A=b"))
    image_id = await _import(engine, request, body)
    image = await engine.images.get("x:1")
    assert (image.id, image.diff_ids, image.comment) == (image_id, (digest_of(TAR),), "why")
    assert (image.config.cmd, image.config.env) == (("a",), ("A=b",))
    assert [entry.comment for entry in image.history] == ["why"]
    assert containerd.snapshots.files(image.chain_id)["etc/motd"] == b"hello\n"
    assert engine.events == [("import", image.id, image.id), ("tag", image.id, "x:1")]


async def test_who_is_told_the_id_finds_the_image_by_its_name(engine: ImageEngine) -> None:
    async for line in engine.images.import_(ImportRequest(name=NAME), pieces(TAR)):
        assert (await engine.images.get("x:1")).id == line.status


async def test_import_without_a_name_lives_on_untagged(engine: ImageEngine) -> None:
    image = await engine.images.get(await _import(engine, ImportRequest()))
    assert (image.repo_tags, image.comment) == ((), "Imported from -")


async def test_import_from_an_address_for_another_platform(engine: ImageEngine, registry: FakeRegistry) -> None:
    registry.blobs["http://h/x.tar"] = TAR
    request = ImportRequest(source="http://h/x.tar", name=NAME, platform=Platform(architecture="s390x"))
    await _import(engine, request, b"")
    image = await engine.images.get("x:1")
    assert (image.platform.architecture, image.comment) == ("s390x", "Imported from http://h/x.tar")


@pytest.mark.parametrize(
    ("request_", "body", "kind"),
    [
        (ImportRequest(changes=("FOO x",)), TAR, InvalidArgument),
        (ImportRequest(platform=Platform(os="windows")), TAR, InvalidArgument),
        (ImportRequest(), b"", InvalidArgument),
        (ImportRequest(), gzip.compress(TAR)[:-9], InvalidArgument),
        (ImportRequest(source="http://h/absent"), b"", PierError),
    ],
)
async def test_failure_leaves_nothing(
    engine: ImageEngine, containerd: FakeContainerd, request_: ImportRequest, body: bytes, kind: type[PierError]
) -> None:
    with pytest.raises(kind):
        await _import(engine, request_, body)
    assert not containerd.state.leases
    containerd.state.collect()
    assert not containerd.state.blobs
    assert not containerd.state.snapshots
