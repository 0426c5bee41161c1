"""Unpacking before the archive's tables are known."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fakes.containerd import FakeContainerd
from support.images import Node, TestImage, digest_of, encode

from pier.engine.images.early import ArrivedFile, EarlyUnpacking, layer_type
from pier.engine.images.unpack import Unpacker
from pier.oci.image import chain_ids

IMAGE = TestImage([{"a": Node(b"1")}, {"b": Node(b"2")}, {"c": Node(b"3")}])
LAYERS = IMAGE.layer_tars
DIGESTS = [digest_of(layer) for layer in LAYERS]
CHAIN = chain_ids(DIGESTS)


def _file(data: bytes, path: str) -> ArrivedFile:
    return ArrivedFile(path, digest_of(data), len(data), data[:8], data)


@pytest.fixture
async def early(containerd: FakeContainerd) -> AsyncIterator[EarlyUnpacking]:
    unpacking = EarlyUnpacking(Unpacker(containerd.snapshots, containerd.diffs), containerd.content)
    async with asyncio.timeout(20), containerd.leases.hold("test"), unpacking.running():
        yield unpacking


async def _until_unpacked(containerd: FakeContainerd, chain_id: str) -> None:
    while not await containerd.snapshots.exists(chain_id):  # noqa: ASYNC110 - the fake has nothing to wait on
        await asyncio.sleep(0)


async def test_layers_of_an_old_archive_are_unpacked_as_they_come(
    early: EarlyUnpacking, containerd: FakeContainerd
) -> None:
    for number, layer in enumerate(LAYERS):
        early.arrived(_file(layer, f"{number}/layer.tar"))
        await _until_unpacked(containerd, CHAIN[number])
    assert containerd.snapshots.files(CHAIN[-1]) == {"a": b"1", "b": b"2", "c": b"3"}


async def test_blobs_of_a_layout_wait_for_a_config(early: EarlyUnpacking, containerd: FakeContainerd) -> None:
    for layer in reversed(LAYERS):
        early.arrived(_file(layer, f"blobs/sha256/{digest_of(layer)[7:]}"))
    assert "diffs.apply" not in containerd.state.calls
    early.arrived(_file(IMAGE.config_json, "blobs/sha256/config"))
    await _until_unpacked(containerd, CHAIN[-1])


async def test_a_manifest_tells_the_order_too(early: EarlyUnpacking, containerd: FakeContainerd) -> None:
    early.arrived(_file(encode({"layers": [{"digest": digest} for digest in DIGESTS]}), "blobs/sha256/manifest"))
    for layer in reversed(LAYERS):
        early.arrived(_file(layer, "blobs/sha256/x"))
    await _until_unpacked(containerd, CHAIN[-1])


async def test_settling_drops_a_wrong_guess_and_finishes_the_right_order(
    early: EarlyUnpacking, containerd: FakeContainerd
) -> None:
    for number in (2, 0, 1):
        early.arrived(_file(LAYERS[number], f"{number}/layer.tar"))
    await early.settle([DIGESTS])
    await _until_unpacked(containerd, CHAIN[-1])
    wrong = chain_ids([DIGESTS[2], DIGESTS[0], DIGESTS[1]])[-1]
    assert not await containerd.snapshots.exists(wrong)
    assert not [key for key in await containerd.snapshots.list_keys() if key.startswith("extract-")]


async def test_what_is_no_layer_is_left_for_later(early: EarlyUnpacking, containerd: FakeContainerd) -> None:
    early.arrived(_file(b"no tar at all", "notes.tar"))
    early.arrived(_file(LAYERS[0], "0/layer.tar"))
    await early.settle([[DIGESTS[0]]])
    assert not [key for key in await containerd.snapshots.list_keys() if key.startswith("extract-")]


@pytest.mark.parametrize(
    "document", [b"{", b"{}", b'{"rootfs": {}}', b'{"layers": [1]}', b'{"rootfs": 3, "layers": 4}']
)
async def test_documents_that_name_no_layers(early: EarlyUnpacking, document: bytes) -> None:
    early.arrived(_file(document, "x.json"))
    await early.settle([])


def test_layer_types() -> None:
    assert layer_type(b"\x1f\x8b\x08").endswith("+gzip")
    assert layer_type(b"\x28\xb5\x2f\xfd").endswith("+zstd")
    assert layer_type(b"etc/").endswith(".tar")
