"""An exec-root on a tmpfs, and streams in it."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fakes.shim import MemoryKeeper

from pier.logs.streams import Streams


@pytest.fixture
def exec_root() -> Iterator[Path]:
    """On a tmpfs, as /run is."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="pier-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def keeper() -> Iterator[MemoryKeeper]:
    keeper = MemoryKeeper()
    yield keeper
    for descriptor in keeper.held.values():
        os.close(descriptor)


@pytest.fixture
async def streams(exec_root: Path, keeper: MemoryKeeper) -> AsyncIterator[Streams]:
    streams = Streams(exec_root=exec_root, keeper=keeper)
    yield streams
    await streams.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "c1" / "c1-json.log"
