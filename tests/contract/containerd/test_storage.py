"""The contract of Snapshots, Content, ImageRecords, Diffs and Leases."""

import asyncio
import contextvars
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from support.containerd_backend import Backend, busybox_layer, chunks_of

from pier.domain.errors import Conflict, InvalidArgument, NotFound
from pier.domain.image import MEDIA_TYPE_OCI_LAYER, MEDIA_TYPE_OCI_LAYER_GZIP, Descriptor, ImageRecord

DATA = bytes(range(256)) * 10_000
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
OTHER = f"sha256:{'0' * 64}"


async def test_blob_is_written_however_it_is_cut(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        parts = [DATA[:1], DATA[1:3], DATA[3:2_000_000], DATA[2_000_000:]]
        written = await backend.content.write("r", chunks_of(*parts), labels={"a/b.c": "1"})
        assert written == Descriptor(media_type="", digest=DIGEST, size=len(DATA))
        assert await backend.content.size(DIGEST) == len(DATA)
        assert (await backend.content.sizes())[DIGEST] == len(DATA)
        assert await backend.content.read(DIGEST) == DATA
        assert b"".join([chunk async for chunk in backend.content.stream(DIGEST)]) == DATA
        assert b"".join([chunk async for chunk in backend.content.stream(DIGEST, offset=2_000_001)]) == DATA[2_000_001:]
        assert await backend.content.labels(DIGEST) == {"a/b.c": "1"}


async def test_blob_that_is_there_is_no_error_and_gets_the_labels(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        first = await backend.content.write("r", chunks_of(DATA), labels={"a": "1"})
        again = await backend.content.write(
            "other", chunks_of(DATA), expected=DIGEST, size=len(DATA), labels={"b": "2"}
        )
        unnamed = await backend.content.write("third", chunks_of(DATA), labels={"c": "3"})
        assert first == again == unnamed
        assert await backend.content.labels(DIGEST) == {"a": "1", "b": "2", "c": "3"}


async def test_blob_that_somebody_else_stores_meanwhile(backend: Backend) -> None:
    data = secrets.token_bytes(9_000_000)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

    async def slow() -> AsyncIterator[bytes]:
        yield data[:4_000_000]
        await backend.content.write("fast", chunks_of(data), expected=digest, size=len(data))
        for start in range(4_000_000, len(data), 1_000_000):
            yield data[start : start + 1_000_000]

    async with backend.leases.hold("test"):
        written = await backend.content.write("slow", slow(), expected=digest, size=len(data), labels={"a": "1"})
        assert written == Descriptor(media_type="", digest=digest, size=len(data))
        assert (await backend.content.labels(digest))["a"] == "1"


async def test_empty_blob(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        written = await backend.content.write("r", chunks_of())
        assert written.digest == f"sha256:{hashlib.sha256(b'').hexdigest()}"
        assert await backend.content.read(written.digest) == b""


async def test_unexpected_digest_or_size_is_refused(backend: Backend) -> None:
    with pytest.raises(InvalidArgument):
        await backend.content.write("r", chunks_of(DATA), expected=OTHER)
    with pytest.raises(InvalidArgument):
        await backend.content.write("r", chunks_of(DATA), size=7)
    assert await backend.content.size(DIGEST) is None


async def test_failed_source_leaves_nothing_and_the_name_free(backend: Backend) -> None:
    data = secrets.token_bytes(2_000_000)  # not to be found in another namespace
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

    async def broken() -> AsyncIterator[bytes]:
        yield data[:1_500_000]
        raise ValueError("the source failed")

    async with backend.leases.hold("test"):
        with pytest.raises(ValueError, match="the source failed"):
            await backend.content.write("r", broken(), expected=digest)
        assert (await backend.content.write("r", chunks_of(data), expected=digest)).size == len(data)


async def test_labels_are_added_replaced_and_removed(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.content.write("r", chunks_of(DATA), labels={"a": "1", "b": "1", "c": "1"})
        await backend.content.set_labels(DIGEST, {"b": "2", "c": "", "d.e/f": "3"})
        assert await backend.content.labels(DIGEST) == {"a": "1", "b": "2", "d.e/f": "3"}


async def test_unknown_and_large_blobs_are_not_read(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.content.write("r", chunks_of(DATA))
        with pytest.raises(InvalidArgument):
            await backend.content.read(DIGEST, limit=len(DATA) - 1)
        assert await backend.content.size(OTHER) is None
        with pytest.raises(NotFound):
            await backend.content.read(OTHER)
        with pytest.raises(NotFound):
            await backend.content.labels(OTHER)
        with pytest.raises(NotFound):
            await backend.content.set_labels(OTHER, {"a": "1"})
        with pytest.raises(NotFound):
            await anext(backend.content.stream(OTHER))


async def test_snapshots_stand_on_each_other(backend: Backend) -> None:
    snapshots = backend.snapshots
    async with backend.leases.hold("test"):
        assert await snapshots.prepare("work", "")
        await snapshots.commit("base", "work")
        mounts = await snapshots.prepare("top", "base", {"a": "1"})
        assert mounts
        assert await snapshots.mounts("top") == mounts
        assert await snapshots.view("look", "base")
        assert sorted(await snapshots.list_keys()) == ["base", "look", "top"]
        assert await snapshots.list_layers() == ["base"]
        with pytest.raises(Conflict):
            await snapshots.prepare("top", "base")
        with pytest.raises(Conflict):
            await snapshots.remove("base")
        for key in ("top", "look", "base"):
            await snapshots.remove(key)
        assert await snapshots.list_keys() == []


async def test_unknown_snapshots_are_not_found(backend: Backend) -> None:
    assert not await backend.snapshots.exists("none")
    for call in (
        backend.snapshots.mounts("none"),
        backend.snapshots.remove("none"),
        backend.snapshots.commit("x", "none"),
        backend.snapshots.prepare("x", "none"),
    ):
        with pytest.raises(NotFound):
            await call


async def test_layer_is_unpacked_and_measured(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        base = await backend.make_base()
        assert await backend.snapshots.exists(base)
        assert await backend.snapshots.usage(base) > 500_000
        await backend.snapshots.prepare("top", base)
        assert await backend.snapshots.usage("top") < 100_000


@pytest.mark.parametrize("media_type", [MEDIA_TYPE_OCI_LAYER, MEDIA_TYPE_OCI_LAYER_GZIP])
async def test_difference_becomes_a_layer_that_unpacks_again(backend: Backend, media_type: str) -> None:
    async with backend.leases.hold("test"):
        layer = busybox_layer()
        written = await backend.content.write("layer", chunks_of(layer))
        descriptor = Descriptor(media_type=MEDIA_TYPE_OCI_LAYER_GZIP, digest=written.digest, size=written.size)
        lower = await backend.snapshots.view("empty", "")
        upper = await backend.snapshots.prepare("full", "")
        await backend.diffs.apply(descriptor, upper)
        made = await backend.diffs.compare(lower, upper, media_type=media_type, ref="diff")
        assert made.media_type == media_type
        assert made.size == await backend.content.size(made.digest)
        diff_id = (await backend.content.labels(made.digest))["containerd.io/uncompressed"]
        applied = await backend.diffs.apply(made, await backend.snapshots.prepare("again", ""))
        assert applied.digest == diff_id


async def test_missing_layer_is_not_unpacked(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        mounts = await backend.snapshots.prepare("work", "")
        with pytest.raises(NotFound):
            await backend.diffs.apply(Descriptor(media_type=MEDIA_TYPE_OCI_LAYER, digest=OTHER, size=1), mounts)


async def test_image_names_are_made_moved_and_forgotten(backend: Backend) -> None:
    images = backend.images
    first = Descriptor(media_type="m", digest=DIGEST, size=1)
    second = Descriptor(media_type="m", digest=OTHER, size=2)
    with pytest.raises(InvalidArgument):
        await images.put(ImageRecord(name="n:1", target=Descriptor(media_type="", digest=DIGEST, size=1)))
    await images.put(ImageRecord(name="n:1", target=first, labels={"a": "1"}))
    made = await images.get("n:1")
    assert (made.target, made.labels) == (first, {"a": "1"})
    assert made.created_at > 0
    await images.put(ImageRecord(name="n:1", target=second, labels={"b": "2"}))
    moved = await images.get("n:1")
    assert (moved.target, moved.labels, moved.created_at) == (second, {"b": "2"}, made.created_at)
    assert [record.name for record in await images.list()] == ["n:1"]
    await images.delete("n:1")
    with pytest.raises(NotFound):
        await images.get("n:1")
    with pytest.raises(NotFound):
        await images.delete("n:1")


async def test_lease_keeps_what_was_made_under_it_until_it_ends(backend: Backend) -> None:
    async with backend.leases.hold("test") as lease:
        assert lease.startswith("test")
        base = await backend.make_base()
        await backend.content.write("r", chunks_of(DATA))
        await backend.leases.collect()
        assert await backend.content.size(DIGEST) == len(DATA)
        assert await backend.snapshots.exists(base)
    await backend.leases.collect()
    assert await backend.content.size(DIGEST) is None
    assert not await backend.snapshots.exists(base)


async def test_leases_of_a_pierd_that_died_are_ended_and_those_of_this_one_are_not(backend: Backend) -> None:
    async def hold_and_die(holding: AbstractAsyncContextManager[str]) -> None:
        await holding.__aenter__()
        await backend.content.write("r", chunks_of(DATA))

    async with backend.leases.hold("ours"):
        other = await backend.content.write("o", chunks_of(b"ours"))
        assert await backend.leases.end_stale() == 0
        holding = backend.earlier_leases.hold("theirs")  # kept: to be forgotten would end it
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(hold_and_die(holding), context=contextvars.Context())

        assert await backend.leases.end_stale() == 1

        assert await backend.content.size(DIGEST) is None
        assert await backend.content.size(other.digest) == 4
    assert await backend.leases.end_stale() == 0


async def test_what_was_made_in_a_child_task_or_a_nested_lease_is_kept_as_well(backend: Backend) -> None:
    async def make() -> None:
        async with backend.leases.hold("inner"):
            await backend.content.write("r", chunks_of(DATA))

    async with backend.leases.hold("outer"):
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(make(), name="inner")
        await backend.leases.collect()
        assert await backend.content.size(DIGEST) == len(DATA)


async def test_image_keeps_what_its_labels_refer_to(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        base = await backend.make_base()
        await backend.snapshots.prepare("work", base)
        await backend.snapshots.commit("init", "work")
        reference = f"containerd.io/gc.ref.snapshot.{backend.snapshots.snapshotter}"
        kept = {reference: base, f"{reference}/init": "init"}
        config = await backend.content.write("config", chunks_of(b"{}"), labels=kept)
        labels = {"containerd.io/gc.ref.content.0": config.digest}
        manifest = await backend.content.write("manifest", chunks_of(b"{ }"), labels=labels)
        target = Descriptor(media_type="m", digest=manifest.digest, size=manifest.size)
        await backend.images.put(ImageRecord(name="kept:1", target=target))
    await backend.leases.collect()
    assert await backend.snapshots.parent("init") == base
    await backend.images.delete("kept:1", collect=True)
    assert await backend.content.size(config.digest) is None
    assert not await backend.snapshots.list_keys()


async def test_container_object_keeps_its_snapshot(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.make_container("c1", "true")
    await backend.leases.collect()
    assert await backend.snapshots.exists("c1")
    await backend.containers.delete("c1")
    await backend.leases.collect()
    assert not await backend.snapshots.exists("c1")


async def test_version_is_told(backend: Backend) -> None:
    version, revision = await backend.version.version()
    assert version[0].isdigit()
    assert isinstance(revision, str)


async def test_blob_that_is_kept_stays_with_what_it_refers_to(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        below = await backend.content.write("below", chunks_of(b"below"))
        labels = {"containerd.io/gc.ref.content.0": below.digest}
        top = await backend.content.write("top", chunks_of(b"top"), labels=labels)
        await backend.images.put(ImageRecord(name="x", target=replace(top, media_type=MEDIA_TYPE_OCI_LAYER)))
    async with backend.leases.keep("test", [top.digest, OTHER]):
        await backend.images.delete("x", collect=True)
        assert await backend.content.read(below.digest) == b"below"
        assert await backend.content.read(top.digest) == b"top"
    await backend.leases.collect()
    assert await backend.content.size(top.digest) is None
    assert await backend.content.size(below.digest) is None
