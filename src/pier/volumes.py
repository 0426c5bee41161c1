"""The local volume driver: a directory for each volume under `<data-root>/volumes`.

An adapter: imports `domain` alone.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pier.domain.errors import PierError
from pier.domain.volume import Volume

T = TypeVar("T")


class LocalVolumes:
    def __init__(self, data_root: Path) -> None:
        self._root = data_root / "volumes"

    async def create(self, volume: Volume) -> Volume:
        """Makes `<name>/_data` (0755, root's) and fills in the mount point; a directory that is there is kept."""
        path = self._root / volume.name / "_data"

        def make() -> None:
            # 0701: a process in a container that got out must still not list what others have.
            self._root.mkdir(mode=0o701, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o701, exist_ok=True)
            path.mkdir(mode=0o755, exist_ok=True)

        await _run(make, f"create the directory of volume {volume.name}")
        return replace(volume, mountpoint=str(path))

    async def remove(self, volume: Volume) -> None:
        """Removes the directory and all in it; absent is no error."""

        def remove() -> None:
            shutil.rmtree(self._root / volume.name, ignore_errors=False, onerror=_ignore_absent)

        await _run(remove, f"remove the directory of volume {volume.name}")

    async def is_empty(self, volume: Volume) -> bool:
        def look() -> bool:
            with os.scandir(volume.mountpoint) as entries:
                return next(entries, None) is None

        return await _run(look, f"look into volume {volume.name}")

    async def size(self, volume: Volume) -> int:
        """Bytes on disk of everything in it; a file with several links counts once."""

        def measure() -> int:
            seen: set[tuple[int, int]] = set()
            total = 0
            for directory, _, names in os.walk(volume.mountpoint):
                for name in (".", *names):
                    try:
                        status = os.lstat(os.path.join(directory, name))
                    except FileNotFoundError:
                        continue
                    if (status.st_dev, status.st_ino) not in seen:
                        seen.add((status.st_dev, status.st_ino))
                        total += status.st_blocks * 512
            return total

        return await _run(measure, f"measure volume {volume.name}")


async def _run(function: Callable[[], T], what: str) -> T:
    try:
        return await asyncio.to_thread(function)
    except OSError as error:
        raise PierError(f"cannot {what}: {error.strerror or error}") from error


def _ignore_absent(function: object, path: str, info: tuple[type, BaseException, object]) -> None:
    if not isinstance(info[1], FileNotFoundError):
        raise info[1]
