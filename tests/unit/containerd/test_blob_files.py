"""Blobs as files: where they are found, and when not. What containerd exports is made up here."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pier_grpc import introspection_pb2 as pb

from pier.containerd.blob_files import BlobFiles
from pier.domain.errors import Unavailable

HEX = "ab" * 32
DIGEST = f"sha256:{HEX}"
DATA = bytes(range(256)) * 5_000


@dataclass
class Plugins:
    """A client that knows of content stores."""

    roots: list[str]
    asked: int = 0
    is_away: bool = False

    async def call(self, method: object, request: pb.PluginsRequest, *, what: str) -> pb.PluginsResponse:
        self.asked += 1
        if self.is_away:
            raise Unavailable("away")
        assert list(request.filters) == ["type==io.containerd.content.v1"]
        return pb.PluginsResponse(plugins=[pb.Plugin(id="content", exports={"root": root}) for root in self.roots])


def _files(client: Plugins) -> BlobFiles:
    stand_in: Any = client
    return BlobFiles(stand_in)


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    folder = tmp_path / "blobs" / "sha256"
    folder.mkdir(parents=True)
    (folder / HEX).write_bytes(DATA)
    return folder / HEX


@pytest.mark.parametrize("offset", [0, 1, 600_000, len(DATA)])
async def test_file_is_read_from_an_offset_on(tmp_path: Path, blob: Path, offset: int) -> None:
    plugins = Plugins([str(tmp_path)])
    files = _files(plugins)
    for _ in range(2):
        file = await files.open(DIGEST, len(DATA))
        assert file is not None
        assert b"".join([chunk async for chunk in file.read_on(offset)]) == DATA[offset:]
    assert plugins.asked == 1


async def test_what_is_no_such_blob_is_not_read(tmp_path: Path, blob: Path) -> None:
    plugins = Plugins([str(tmp_path)])
    files = _files(plugins)
    assert await files.open(DIGEST, len(DATA) + 1) is None
    assert await files.open(f"sha256:{'cd' * 32}", 1) is None
    os.rename(blob, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", blob)
    assert await files.open(DIGEST, len(DATA)) is None
    os.unlink(blob)
    os.mkfifo(blob)  # opening it must not wait for a writer
    assert await files.open(DIGEST, 0) is None
    assert plugins.asked == 4  # each time anew: containerd may have been started with another root


@pytest.mark.parametrize("roots", [[], ["relative"], ["/one", "/two"]])
async def test_store_that_cannot_be_told_is_left_alone(roots: list[str]) -> None:
    assert await _files(Plugins(roots)).open(DIGEST, 1) is None


async def test_containerd_that_is_away_is_asked_again(tmp_path: Path, blob: Path) -> None:
    plugins = Plugins([str(tmp_path)], is_away=True)
    files = _files(plugins)
    assert await files.open(DIGEST, len(DATA)) is None
    plugins.is_away = False
    assert await files.open(DIGEST, len(DATA)) is not None


async def test_file_is_closed_when_nobody_reads_it_any_more(tmp_path: Path, blob: Path) -> None:
    file = await _files(Plugins([str(tmp_path)])).open(DIGEST, len(DATA))
    assert file is not None
    reading = file.read_on(0)
    await anext(reading)
    assert _open_descriptors(blob) == 1
    await reading.aclose()  # type: ignore[attr-defined]  # an async generator
    del file, reading
    for _ in range(1000):  # a thread may be reading the next piece
        if not _open_descriptors(blob):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the file stays open")


def _open_descriptors(path: Path) -> int:
    links = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return links.count(str(path))
