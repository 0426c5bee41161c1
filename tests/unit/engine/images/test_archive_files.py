"""Files of an archive on their way into the content store."""

import pytest
from fakes.containerd import FakeContainerd
from support.image_engine import pieces
from support.images import Node, archive, digest_of, layer_tar

from pier.archive.images import Archives
from pier.domain.errors import InvalidArgument
from pier.engine.images.archive_files import ArchiveFiles

BIG = bytes(range(256)) * 8192


async def _take(containerd: FakeContainerd, data: bytes) -> ArchiveFiles:
    containerd.state.collect_always = False
    files = ArchiveFiles(containerd.content)
    await files.take(Archives().read(pieces(data)))
    return files


async def test_small_files_wait_in_memory(containerd: FakeContainerd) -> None:
    files = await _take(containerd, archive({"a": b"small"}))
    assert await files.read("a") == b"small"
    assert not containerd.state.blobs
    stored = await files.store("a", {"k": "v"})
    assert (stored.digest, stored.size) == (digest_of(b"small"), 5)
    assert containerd.state.blobs[stored.digest].labels == {"k": "v"}


async def test_big_files_are_stored_at_once(containerd: FakeContainerd) -> None:
    files = await _take(containerd, archive({"big": BIG}))
    assert list(containerd.state.blobs) == [digest_of(BIG)]
    assert await files.read("big") == BIG
    assert (await files.head("big")).startswith(BIG[:2])
    await files.store("big", {"k": "v"})
    assert containerd.state.blobs[digest_of(BIG)].labels == {"k": "v"}


async def test_links_to_files_and_directories_are_followed(containerd: FakeContainerd) -> None:
    tree = {
        "d/file": Node(b"x"),
        "to-file": Node(target="d/file"),
        "to-dir": Node(target="d"),
        "far/link": Node(target="../to-dir/file"),
    }
    files = await _take(containerd, layer_tar(tree))
    for path in ("to-file", "to-dir/file", "far/link", "./d/../d/file"):
        assert await files.read(path) == b"x"
    assert "nothing" not in files


@pytest.mark.parametrize("target", ["/etc/passwd", "../../up", ".."])
async def test_link_that_leads_outside_is_refused(containerd: FakeContainerd, target: str) -> None:
    with pytest.raises(InvalidArgument, match="leads out"):
        await _take(containerd, layer_tar({"a/link" if target.count("..") > 1 else "link": Node(target=target)}))


async def test_links_in_a_circle_are_refused(containerd: FakeContainerd) -> None:
    files = await _take(containerd, layer_tar({"a": Node(target="b"), "b": Node(target="a")}))
    with pytest.raises(InvalidArgument, match="lead nowhere"):
        await files.read("a")


@pytest.mark.parametrize("data", [b"small", BIG])
async def test_blob_must_be_what_its_name_says(containerd: FakeContainerd, data: bytes) -> None:
    await _take(containerd, archive({f"blobs/{digest_of(data).replace(':', '/')}": data}))
    with pytest.raises(InvalidArgument):
        await _take(containerd, archive({f"blobs/sha256/{'0' * 64}": data}))
