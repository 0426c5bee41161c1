"""Loading archives of every shape."""

import bz2
import gzip
import json
import lzma

import pytest
import zstandard
from fakes.containerd import FakeContainerd
from support.image_engine import ImageEngine
from support.images import (
    Node,
    TestImage,
    archive,
    digest_of,
    docker_archive,
    encode,
    oci_archive,
    oci_image,
    oci_index,
)

from pier.domain.errors import InvalidArgument

SMALL = TestImage([{"a": Node(b"lower")}, {"b": Node(b"upper")}], {"Cmd": ["/a"], "Labels": {"k": "v"}})
OTHER = TestImage([{"a": Node(b"lower")}, {"c": Node(b"other")}], {"Cmd": ["/c"]})
BIG = TestImage([{"big": Node(bytes(range(256)) * 8192)}])


async def test_docker_archive_gives_an_unpacked_named_image(engine: ImageEngine, containerd: FakeContainerd) -> None:
    assert await engine.load(docker_archive({"x:tag": SMALL})) == ["Loaded image: x:tag"]
    image = await engine.images.get("x:tag")
    assert image.id == SMALL.id
    assert image.repo_tags == ("x:tag",)
    assert image.repo_digests == ()
    assert image.config.cmd == ("/a",)
    assert containerd.snapshots.files(image.chain_id) == {"a": b"lower", "b": b"upper"}
    assert not containerd.state.leases


async def test_event_tells_the_id(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:tag": SMALL}))
    assert engine.events == [("load", SMALL.id, SMALL.id)]


@pytest.mark.parametrize("compress", [True, False])
async def test_oci_layout_keeps_its_manifest(engine: ImageEngine, compress: bool) -> None:
    assert await engine.load(oci_archive({"docker.io/library/x:tag": SMALL}, compress=compress)) == [
        "Loaded image: x:tag"
    ]
    image = await engine.images.get("x:tag")
    assert image.id == SMALL.id
    assert image.manifest.digest == digest_of(oci_image(SMALL, compress=compress).manifest)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
async def test_compressed_archive_is_read(engine: ImageEngine, pack: object) -> None:
    assert callable(pack)
    assert await engine.load(pack(docker_archive({"x:tag": SMALL}))) == ["Loaded image: x:tag"]


async def test_layer_too_big_for_memory_goes_through_the_content_store(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"big": BIG}))
    assert (await engine.images.get("big")).id == BIG.id


async def test_second_load_writes_no_blob_again(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"big": BIG}))
    before = set(containerd.state.blobs), set(containerd.state.snapshots)
    containerd.state.calls.clear()
    await engine.load(docker_archive({"big": BIG}))
    assert "diffs.apply" not in containerd.state.calls
    assert (set(containerd.state.blobs), set(containerd.state.snapshots)) == before


async def test_images_share_their_layers(engine: ImageEngine, containerd: FakeContainerd) -> None:
    lines = await engine.load(docker_archive({"one:1": SMALL, "two:2": OTHER}))
    assert lines == ["Loaded image: one:1", "Loaded image: two:2"]
    assert len(containerd.state.snapshots) == 3


async def test_several_names_of_one_image(engine: ImageEngine) -> None:
    config = f"{SMALL.id.removeprefix('sha256:')}.json"
    layers = [f"{n}/layer.tar" for n, _ in enumerate(SMALL.layers)]
    files = dict(zip(layers, SMALL.layer_tars, strict=True)) | {config: SMALL.config_json}
    manifest = encode([{"Config": config, "RepoTags": ["a:1", "b:2"], "Layers": layers}])
    assert await engine.load(archive({**files, "manifest.json": manifest})) == [
        "Loaded image: a:1",
        "Loaded image: b:2",
    ]
    assert (await engine.images.get("a:1")).repo_tags == ("a:1", "b:2")


async def test_image_without_a_name_is_kept_and_found_by_id(engine: ImageEngine) -> None:
    assert await engine.load(docker_archive([SMALL])) == [f"Loaded image ID: {SMALL.id}"]
    image = await engine.images.get(SMALL.id[7:19])
    assert image.repo_tags == ()
    assert [one.id for one in await engine.images.list()] == [SMALL.id]


async def test_name_that_moves_leaves_the_old_image_untagged(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:tag": SMALL}))
    lines = await engine.load(docker_archive({"x:tag": OTHER}))
    assert lines[0].startswith(f"The image x:tag already exists, renaming the old one with ID {SMALL.id}")
    assert (await engine.images.get("x:tag")).id == OTHER.id
    assert (await engine.images.get(SMALL.id)).repo_tags == ()


async def test_named_again_the_untagged_record_goes(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive([SMALL]))
    await engine.load(docker_archive({"x:tag": SMALL}))
    assert list(containerd.state.images) == ["docker.io/library/x:tag"]


async def test_layer_behind_a_link_is_found(engine: ImageEngine) -> None:
    tar = SMALL.layer_tars[0]
    image = TestImage(SMALL.layers[:1])
    files = {"real/layer.tar": Node(tar), "link/layer.tar": Node(target="../real/layer.tar")}
    manifest = encode([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["link/layer.tar"]}])
    files |= {"c.json": Node(image.config_json), "manifest.json": Node(manifest)}
    from support.images import layer_tar

    assert await engine.load(layer_tar(files)) == ["Loaded image: x:1"]


async def test_index_gives_the_image_of_this_platform(engine: ImageEngine) -> None:
    from support.images import host_architecture

    foreign = TestImage(OTHER.layers, architecture="s390x")
    images = {"s390x": oci_image(foreign), host_architecture(): oci_image(SMALL)}
    index = oci_index(images)
    blobs = {digest: blob for image in images.values() for digest, blob in image.blobs.items()} | {
        digest_of(index): index
    }
    entry = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest_of(index),
        "size": len(index),
        "annotations": {"org.opencontainers.image.ref.name": "example.com/x:1"},
    }
    files = {f"blobs/{digest.replace(':', '/')}": blob for digest, blob in blobs.items()}
    files["index.json"] = encode({"schemaVersion": 2, "manifests": [entry]})
    assert await engine.load(archive(files)) == ["Loaded image: example.com/x:1"]
    assert (await engine.images.get("example.com/x:1")).id == SMALL.id


def _broken(**changes: object) -> bytes:
    entry: dict[str, object] = {"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["0.tar", "1.tar"], **changes}
    files = {"0.tar": SMALL.layer_tars[0], "1.tar": SMALL.layer_tars[1], "c.json": SMALL.config_json}
    return archive({**files, "manifest.json": encode([entry])})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no image"),
        (b"not a tar at all", "not a tar"),
        (archive({"hello": b"world"}), "no image in the archive"),
        (docker_archive({"x:tag": SMALL})[:2000], "truncated"),
        (_broken(Layers=["1.tar", "0.tar"]), "has the digest"),
        (_broken(Layers=["0.tar"]), "config lists 2"),
        (_broken(Layers=["0.tar", "2.tar"]), "lacks 2.tar"),
        (_broken(Config="nothing.json"), "lacks nothing.json"),
        (_broken(RepoTags=["UPPER:1"]), "must be lowercase"),
        (_broken(RepoTags="x"), "lacks Config, Layers or RepoTags"),
        (archive({"manifest.json": b"{"}), "not JSON"),
        (archive({"manifest.json": json.dumps({}).encode()}), "not a list"),
        (archive({"blobs/sha256/" + "0" * 64: b"x"}), "not what its name says"),
    ],
)
async def test_bad_archive_is_refused_and_leaves_nothing(
    engine: ImageEngine, containerd: FakeContainerd, data: bytes, message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        await engine.load(data)
    assert not containerd.state.images
    assert not containerd.state.blobs
    assert not containerd.state.snapshots


async def test_closing_early_cancels_and_leaves_nothing(engine: ImageEngine, containerd: FakeContainerd) -> None:
    import asyncio

    from support.image_engine import pieces

    containerd.state.gates["diffs.apply"] = asyncio.Event()
    lines = engine.images.load(pieces(docker_archive({"x:tag": SMALL})))

    async def listen() -> None:
        await anext(lines)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        client = group.create_task(listen())
        while "diffs.apply" not in containerd.state.calls:  # noqa: ASYNC110 - nothing tells of a call
            await asyncio.sleep(0.01)
        client.cancel()  # it hangs up while a layer is unpacked
    assert containerd.state.calls.count("diffs.apply") == 1
    assert not containerd.state.leases
    assert not containerd.state.blobs
    assert not containerd.state.snapshots


async def test_bytes_of_big_layers_are_counted_when_asked_to(engine: ImageEngine) -> None:
    from support.image_engine import pieces

    archive = docker_archive({"big": BIG})
    lines = [line async for line in engine.images.load(pieces(archive), quiet=False)]
    counts = [line for line in lines if line.status == "Loading layer"]
    assert counts
    assert (counts[-1].current, len(counts[-1].id)) == (counts[-1].total, 12)
    assert not [line for line in await engine.load(archive) if "Loading" in line]
