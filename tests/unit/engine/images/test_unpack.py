"""Unpacking layers."""

import asyncio
import gzip
from dataclasses import replace

import pytest
from fakes.containerd import FakeContainerd
from fakes.containerd.storage import store
from support.images import Node, TestImage, digest_of

from pier.domain.errors import Conflict, InvalidArgument, NotFound
from pier.domain.image import MEDIA_TYPE_OCI_LAYER, MEDIA_TYPE_OCI_LAYER_GZIP, Descriptor
from pier.engine.images import unpack
from pier.engine.images.unpack import Unpacker
from pier.oci.image import chain_ids

IMAGE = TestImage([{"a": Node(b"1")}, {"b": Node(b"2")}, {"c": Node(b"3")}])
DIFF_IDS = [digest_of(tar) for tar in IMAGE.layer_tars]
CHAIN = chain_ids(DIFF_IDS)


@pytest.fixture
def containerd() -> FakeContainerd:
    return FakeContainerd()  # without collections at every step: these tests hold no lease


@pytest.fixture
def unpacker(containerd: FakeContainerd) -> Unpacker:
    return Unpacker(containerd.snapshots, containerd.diffs)


@pytest.fixture
def layers(containerd: FakeContainerd) -> list[Descriptor]:
    return [
        Descriptor(media_type=MEDIA_TYPE_OCI_LAYER, digest=store(containerd.state, tar), size=len(tar))
        for tar in IMAGE.layer_tars
    ]


async def test_layers_become_a_chain(containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor]) -> None:
    await unpacker.unpack(layers, DIFF_IDS)
    assert set(containerd.state.snapshots) == set(CHAIN)
    assert containerd.snapshots.files(CHAIN[-1]) == {"a": b"1", "b": b"2", "c": b"3"}
    assert await unpacker.present(DIFF_IDS) == 3


async def test_only_what_is_missing_is_unpacked(
    containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor]
) -> None:
    await unpacker.unpack(layers[:2], DIFF_IDS[:2])
    containerd.state.calls.clear()
    await unpacker.unpack(layers, DIFF_IDS)
    assert containerd.state.calls.count("diffs.apply") == 1


async def test_layer_is_unpacked_while_those_above_are_still_to_come(
    unpacker: Unpacker, layers: list[Descriptor]
) -> None:
    events = [asyncio.Event() for _ in layers]
    finished: list[int] = []

    async def ready(number: int) -> None:
        await events[number].wait()

    async def done(number: int) -> None:
        finished.append(number)
        if number + 1 < len(events):
            events[number + 1].set()

    events[0].set()
    await unpacker.unpack(layers, DIFF_IDS, ready=ready, finished=done)
    assert finished == [0, 1, 2]


async def test_callers_at_once_unpack_each_layer_once(
    containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor]
) -> None:
    await asyncio.gather(*(unpacker.unpack(layers, DIFF_IDS) for _ in range(5)))
    assert containerd.state.calls.count("diffs.apply") == 3


async def test_layer_that_is_not_what_the_config_says_is_refused(
    containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor]
) -> None:
    with pytest.raises(InvalidArgument, match="is not what its image says"):
        await unpacker.unpack([layers[0], layers[2]], DIFF_IDS[:2])
    assert list(containerd.state.snapshots) == CHAIN[:1]


async def test_number_of_layers_must_be_that_of_the_config(unpacker: Unpacker, layers: list[Descriptor]) -> None:
    with pytest.raises(InvalidArgument, match="has 1 layers but its config lists 3"):
        await unpacker.unpack(layers[:1], DIFF_IDS)


async def test_snapshot_collected_in_between_is_unpacked_again(
    containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor]
) -> None:
    await unpacker.unpack(layers[:2], DIFF_IDS[:2])

    async def lose(number: int) -> None:
        if number == 2 and "lost" not in containerd.state.calls:
            containerd.state.calls.append("lost")
            containerd.state.snapshots.clear()

    await unpacker.unpack(layers, DIFF_IDS, started=lose)
    assert set(containerd.state.snapshots) == set(CHAIN)


async def test_missing_blob_is_reported(unpacker: Unpacker, layers: list[Descriptor]) -> None:
    gone = replace(layers[0], digest="sha256:" + "0" * 64)
    with pytest.raises(NotFound):
        await unpacker.unpack([gone], DIFF_IDS[:1])


async def test_layer_that_another_client_committed_first_counts(
    containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor]
) -> None:
    gate = containerd.state.gates["diffs.apply"] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(unpacker.unpack(layers[:1], DIFF_IDS[:1]))
        async with asyncio.timeout(5):
            while "diffs.apply" not in containerd.state.calls:  # noqa: ASYNC110 (the fake has no event for it)
                await asyncio.sleep(0)
        await containerd.snapshots.prepare("theirs", "")
        await containerd.snapshots.commit(CHAIN[0], "theirs")
        gate.set()
    assert list(containerd.state.snapshots) == [CHAIN[0]]


async def test_failed_commit_leaves_no_snapshot(
    containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor]
) -> None:
    containerd.state.failures["snapshots.commit"] = Conflict("something else")
    with pytest.raises(Conflict):
        await unpacker.unpack(layers, DIFF_IDS)
    assert not containerd.state.snapshots


async def test_layer_that_grows_beyond_measure_is_given_up(
    containerd: FakeContainerd, unpacker: Unpacker, layers: list[Descriptor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "FREELY", 1000)
    monkeypatch.setattr(unpack, "_LOOK_SECONDS", 0.0)
    bomb = replace(layers[0], media_type=MEDIA_TYPE_OCI_LAYER_GZIP, size=10)
    containerd.state.gates["diffs.apply"] = asyncio.Event()

    usage = containerd.snapshots.usage

    async def grown(key: str) -> int:
        containerd.snapshots.write_file(key, "zeros", bytes(2001))
        return await usage(key)

    monkeypatch.setattr(containerd.snapshots, "usage", grown)
    with pytest.raises(InvalidArgument, match="unpacks to more than 200 times its size"):
        await unpacker.unpack([bomb], DIFF_IDS[:1])
    assert not containerd.state.snapshots


async def test_layer_that_has_grown_beyond_measure_before_anybody_looked_is_refused(
    containerd: FakeContainerd, unpacker: Unpacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "FREELY", 1000)
    zeros = gzip.compress(bytes(1 << 20))
    bomb = Descriptor(media_type=MEDIA_TYPE_OCI_LAYER_GZIP, digest=store(containerd.state, zeros), size=len(zeros))
    with pytest.raises(InvalidArgument, match="unpacks to more than 200 times its size"):
        await unpacker.unpack([bomb], [digest_of(bytes(1 << 20))])
    assert not containerd.state.snapshots
