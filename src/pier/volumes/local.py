"""The local volume driver: a directory for each volume under `<data-root>/volumes`.

With options `type`, `device` and `o` that directory is where something else is mounted while a container uses it: an
NFS share, a tmpfs, another directory of the host.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pier.domain.errors import InvalidArgument, PierError
from pier.domain.volume import Volume
from pier.volumes import mounting, quota
from pier.volumes.options import MountPlan, parse_size, plan_mount
from pier.volumes.threads import run_alone
from pier.volumes.trees import measure_tree, remove_tree

T = TypeVar("T")


class LocalVolumes:
    """The methods belong to one event loop."""

    def __init__(self, data_root: Path) -> None:
        self._root = data_root / "volumes"
        self._users: dict[str, set[str]] = {}  # of volumes that are mounted on use
        self._locks: dict[str, asyncio.Lock] = {}

    async def start(self, volumes: Sequence[Volume], users: Mapping[str, Collection[str]]) -> None:
        """Takes over what is mounted for these users, by volume; what nobody uses is unmounted."""
        self._users = {name: set(several) for name, several in users.items() if several}
        idle = [volume for volume in volumes if volume.name not in self._users and _plan(volume) is not None]
        if idle:
            await run_alone(lambda: _unmount_all([volume.mountpoint for volume in idle]))

    async def create(self, volume: Volume) -> Volume:
        """Makes `<name>/_data` (0755, root's) and fills in the mount point; a directory that is there is kept.

        Raises InvalidArgument for options that cannot be.
        """
        size = parse_size(volume.name, volume.options)
        if _plan(volume) is not None and size:
            raise InvalidArgument(
                f"create {volume.name}: size is for a directory of this host: write o=size=... instead"
            )
        path = self._root / volume.name / "_data"

        def make() -> None:
            # 0701: a process in a container that got out must still not list what others have.
            self._root.mkdir(mode=0o701, parents=True, exist_ok=True)
            if size and not quota.is_supported(str(self._root)):
                raise InvalidArgument(f"create {volume.name}: quota size requested but no quota support")
            path.parent.mkdir(mode=0o701, exist_ok=True)
            path.mkdir(mode=0o755, exist_ok=True)
            if size:
                quota.limit(str(path), size=size)

        await _run(make, f"create the directory of volume {volume.name}")
        return replace(volume, mountpoint=str(path))

    async def remove(self, volume: Volume) -> None:
        """Removes the directory and all in it, but nothing that is mounted there; absent is no error."""

        def remove() -> None:
            path = self._root / volume.name
            mounting.unmount(str(path / "_data"))
            if "size" in volume.options and (path / "_data").is_dir():
                quota.release(str(path / "_data"))
            remove_tree(str(path))

        await _run(remove, f"remove the directory of volume {volume.name}")
        self._users.pop(volume.name, None)
        self._locks.pop(volume.name, None)

    async def undo_create(self, volume: Volume) -> None:
        """Takes away what a `create` that was cut short has made: a directory with something in it was there before."""

        def undo() -> None:
            path = self._root / volume.name
            data = path / "_data"
            if data.is_dir():
                if any(data.iterdir()):
                    return
                if "size" in volume.options:
                    quota.release(str(data))
                data.rmdir()
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()

        await _run(undo, f"remove the empty directory of volume {volume.name}")

    async def mount(self, volume: Volume, user: str) -> str:
        """Where the volume's files are while `user` has not given it back. Raises PierError in dockerd's words.

        A user that is cancelled meanwhile has to give it back, too: the mount is waited for.
        """
        plan = _plan(volume)
        if plan is None:
            return volume.mountpoint
        async with self._locks.setdefault(volume.name, asyncio.Lock()):
            users = self._users.setdefault(volume.name, set())

            def mount() -> None:
                if not mounting.is_mounted(volume.mountpoint):
                    mounting.mount(plan, volume.mountpoint)

            users.add(user)
            try:
                await _run_to_end(mount, f"mount volume {volume.name}")
            except PierError:
                users.discard(user)
                raise
        return volume.mountpoint

    async def unmount(self, volume: Volume, user: str) -> None:
        """Gives it back; with its last user it is unmounted. One who has it not is no error."""
        if _plan(volume) is None:
            return
        async with self._locks.setdefault(volume.name, asyncio.Lock()):
            users = self._users.get(volume.name, set())
            users.discard(user)
            if not users:
                await _run(lambda: mounting.unmount(volume.mountpoint), f"unmount volume {volume.name}")
                self._users.pop(volume.name, None)

    async def is_empty(self, path: str) -> bool:
        """Whether nothing is in the directory where a volume is mounted."""

        def look() -> bool:
            with os.scandir(path) as entries:
                return next(entries, None) is None

        return await _run(look, f"look into volume {path}")

    async def size(self, volume: Volume) -> int:
        """Bytes on disk of everything in it; a file with several links counts once."""
        return await _run(lambda: measure_tree(volume.mountpoint), f"measure volume {volume.name}")


def _plan(volume: Volume) -> MountPlan | None:
    return plan_mount(volume.name, volume.options)


def _unmount_all(paths: Sequence[str]) -> None:
    mounted = mounting.mount_points()
    for path in paths:
        if os.path.realpath(path) in mounted:
            mounting.unmount(path)


async def _run(function: Callable[[], T], what: str) -> T:
    try:
        return await run_alone(function)
    except OSError as error:
        raise PierError(f"cannot {what}: {error.strerror or error}") from error


async def _run_to_end(function: Callable[[], T], what: str) -> T:
    """In a cancelled task, too: what is undone next must be done by then."""
    work = run_alone(function)
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            cancelled = error
    try:
        result = work.result()
    except OSError as error:
        raise PierError(f"cannot {what}: {error.strerror or error}") from error
    if cancelled is not None:
        raise cancelled
    return result
