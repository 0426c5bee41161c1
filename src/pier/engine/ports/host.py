"""This host: its files, processes and facts, and the directories of volumes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from pier.domain.archive import FileChange, Root, RootMount
from pier.domain.cdi import Edits
from pier.domain.mount import FilesystemMount
from pier.domain.network import Listener
from pier.domain.runtime import (
    HostFacts,
    ProcessUser,
    ResourceSample,
)
from pier.domain.volume import Volume


class Volumes(Protocol):
    """Volumes of all drivers: the local one, and those of plugins."""

    async def start(self, volumes: Sequence[Volume], users: Mapping[str, Collection[str]]) -> None:
        """Brings what is mounted in line with the records; `users` are ids of running containers by volume name."""
        ...

    async def names(self) -> list[str]:
        """Of the drivers."""
        ...

    async def create(self, volume: Volume) -> Volume:
        """Makes it and fills in where it is. Raises NotFound for an unknown driver, InvalidArgument for options."""
        ...

    async def remove(self, volume: Volume) -> None: ...
    async def undo_create(self, volume: Volume) -> None:
        """Takes away what a `create` of the local driver made that was cut short; what was there before stays."""
        ...

    async def mount(self, volume: Volume, user: str) -> str:
        """The path of its files, which are there until `user` gives it back with unmount."""
        ...

    async def unmount(self, volume: Volume, user: str) -> None:
        """Idempotent."""
        ...

    async def find(self, name: str) -> Volume | None:
        """A volume that a plugin has, made by others."""
        ...

    async def is_lost(self, volume: Volume) -> bool:
        """Whether its plugin says that there is no such volume; one that does not answer has lost nothing."""
        ...

    async def list_foreign(self) -> tuple[list[Volume], list[str]]:
        """What plugins have, and why others did not say."""
        ...

    async def is_empty(self, path: str) -> bool: ...
    async def size(self, volume: Volume) -> int:
        """Bytes on disk; -1 when it lies elsewhere."""
        ...


class Host(Protocol):
    """Files and facts of this host that belong to no other adapter."""

    async def facts(self) -> HostFacts: ...
    async def sample(self, cgroup_path: str, pid: int) -> ResourceSample:
        """One reading of a running container's cgroup. Raises NotFound when it is gone."""
        ...

    async def oom_kills(self, cgroup_path: str) -> int:
        """How many processes of a cgroup the kernel has killed for want of memory; 0 when it is gone."""
        ...

    async def cgroup_path(self, pid: int) -> str:
        """The path a process is really in (v2, or v1's memory hierarchy), from /proc/<pid>/cgroup."""
        ...

    async def remove_cgroup(self, cgroup_path: str) -> None:
        """Kills what is in a dead container's leftover cgroup and removes it; absent is no error."""
        ...

    async def list_cgroups(self, parent: str) -> Mapping[str, str]:
        """The paths of the cgroups right below `parent` that bear a container's id, by that id."""
        ...

    async def list_shims(self) -> list[str]:
        """The ids of the containers of our namespace that have a shim, a process beside containerd for each task."""
        ...

    async def end_lost_shim(self, container_id: str, in_use: Collection[int]) -> bool:
        """Ends the shim of a container that containerd knows no task of; False if there is none.

        containerd leaves one running when its client goes away while it makes or deletes a task. A shim that runs one
        of the processes `in_use`, the tasks of other containers, is not lost but shared.
        """
        ...

    async def processes(self, pids: Iterable[int], ps_args: str) -> tuple[list[str], list[list[str]]]:
        """Titles and rows of ps(1) for these pids.

        Raises InvalidArgument when `ps_args` rename the PID column; PierError (500, as in dockerd) when there is none.
        """
        ...

    async def listeners(self, pid: int, pids: Collection[int]) -> list[Listener]:
        """Who waits for packets in the network namespace of `pid`; owners are looked for among `pids`."""
        ...

    async def look_up_user(
        self, user: str, groups: Sequence[str], *, rootfs: Sequence[FilesystemMount] = (), pid: int = 0
    ) -> ProcessUser:
        """Resolves `user[:group]` and further groups in the files of a root: a snapshot's, or a running process's.

        Raises NotFound for a name that is not there.
        """
        ...

    def running_root(
        self, pid: int, cgroup_path: str, mounts: Sequence[RootMount] = ()
    ) -> AbstractAsyncContextManager[Root]:
        """The files of the container whose init is `pid`, with these of its mounts and no others.

        Raises NotFound when it has ended.
        """
        ...

    def stopped_root(
        self,
        layers: Sequence[FilesystemMount],
        mounts: Sequence[RootMount] = (),
        *,
        writable: bool = False,
        read_only_root: bool = False,
    ) -> AbstractAsyncContextManager[Root]:
        """The files of a container that does not run: its snapshot, and what is mounted in it.

        With `writable` missing mount points are made, and nobody else may mount the snapshot meanwhile. Without,
        nothing can be written, and mounts whose mount point is missing are left out (`lacking`).
        """
        ...

    async def changes(self, layers: Sequence[FilesystemMount]) -> list[FileChange]:
        """What a container's writable layer changed against those below it, sorted by path.

        Raises Unsupported for a snapshotter that does not tell.
        """
        ...

    async def fill_init_layer(self, rootfs: Sequence[FilesystemMount]) -> None:
        """Makes what every container finds in its root: mount points of what it gets, and `/.dockerenv`."""
        ...

    async def make_directory(self, rootfs: Sequence[FilesystemMount], path: str) -> None:
        """Makes a directory and its parents, as root's, in a writable snapshot that nobody else has mounted.

        Raises PierError where something else is in the way.
        """
        ...

    async def has_directory(self, rootfs: Sequence[FilesystemMount], path: str) -> bool:
        """Whether an image's root has a directory there."""
        ...

    async def stage_directory(self, container_id: str, name: str, source: str, subpath: str) -> str:
        """Mounts what lies at `subpath` of a directory, and not a link's way outside, for a container's start.

        The path of that mount. Raises NotFound, InvalidArgument for a path that leads out.
        """
        ...

    async def stage_image(self, container_id: str, name: str, layers: Sequence[FilesystemMount], subpath: str) -> str:
        """The same of an image's root, read-only."""
        ...

    async def unstage(self, container_id: str) -> None:
        """Takes these mounts away; who has bound them keeps them. Absent is no error."""
        ...

    async def list_staged(self) -> list[str]:
        """The ids of the containers that have some."""
        ...

    def directory_root(self, path: str) -> AbstractAsyncContextManager[Root]:
        """The files below a directory of the host, as a root that no link leads out of."""
        ...

    async def copy_directory(self, source: str, destination: str) -> None:
        """Copies all in a directory, with owners, modes, links and attributes, into an empty one.

        Blocks are shared where the file system can.
        """
        ...

    async def copy_up(self, rootfs: Sequence[FilesystemMount], path: str, destination: str) -> None:
        """Copies a directory of an image's root, with owners and modes, into an empty volume; absent is no error."""
        ...

    async def container_files(
        self, container_id: str, *, hostname: str, hosts: str | None, resolv_conf: str | None
    ) -> Mapping[str, str]:
        """Writes hostname, hosts and resolv.conf in place; None copies the host's. Paths by name."""
        ...

    async def change_hosts(
        self,
        container_id: str,
        *,
        added: Sequence[str] = (),
        removed: Sequence[str] = (),
        outdated: Sequence[str] = (),
    ) -> None:
        """Takes lines out of a container's hosts file and appends others, in place; what it wrote itself stays.

        `outdated` are the first names of lines that go whatever their address is.
        """
        ...

    async def write_resolv_conf(self, container_id: str, text: str) -> None: ...
    async def host_resolv_conf(self) -> str: ...
    async def remove_container_files(self, container_id: str) -> None: ...
    async def open_shm(self, container_id: str, size: int) -> str:
        """The path of a /dev/shm that a container shares with others, mounted unless it is already."""
        ...

    async def close_shm(self, container_id: str) -> None:
        """Unmounts it; containers that have joined keep it. Absent is no error."""
        ...

    async def list_runtime_states(self) -> list[str]:
        """The ids of the containers of which an OCI runtime has written something down."""
        ...

    async def remove_runtime_state(self, container_id: str) -> None:
        """Removes it, of a container without a process; absent is no error."""
        ...

    async def list_shm(self) -> list[str]:
        """The ids of the containers that have one."""
        ...

    async def ensure_directory(self, path: str) -> bool:
        """Makes a missing directory (0755, root) for a bind; False if it was there."""
        ...

    async def cdi_devices(self, directories: Sequence[str]) -> Mapping[str, Edits]:
        """What every CDI device in the files of these directories changes, by its full name."""
        ...

    async def require_propagation(self, path: str, wanted: str) -> None:
        """Raises PierError when the mount that the path is on does not pass on what a bind of it asks for."""
        ...

    async def wait_for_program(self, pid: int, patience: float) -> bool:
        """Until a container's first process is no longer the runtime's own; False if it is after `patience` seconds."""
        ...

    async def path_exists(self, path: str) -> bool: ...
    async def device_numbers(self, path: str) -> list[tuple[str, str, int, int, int, int, int]]:
        """(path below, type `c` or `b`, major, minor, mode, uid, gid) of a device or of all in a directory."""
        ...
