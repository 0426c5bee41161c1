"""A host in memory: settable facts, users by name, and a record of what was asked for."""

import os
import shutil
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pier.domain.archive import FileChange, RootMount
from pier.domain.cdi import Edits
from pier.domain.errors import NotFound, PierError
from pier.domain.mount import FilesystemMount
from pier.domain.network import Listener
from pier.domain.runtime import HostFacts, ProcessUser, ResourceSample
from pier.host.root import ContainerRoot

_FACTS = HostFacts(
    kernel="6.1.0",
    operating_system="Fake Linux",
    hostname="fakehost",
    cpus=2,
    memory=8 << 30,
    cgroup_controllers=frozenset({"cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "devices", "freezer"}),
)
DeviceNumbers = tuple[str, str, int, int, int, int, int]


@dataclass
class FakeHost:
    """Fits the Host port. `users` maps what is looked up to the answer; unknown names are NotFound."""

    host_facts: HostFacts = _FACTS
    users: dict[str, ProcessUser] = field(default_factory=lambda: {"": ProcessUser(home="/root")})
    samples: dict[str, ResourceSample] = field(default_factory=dict)
    devices: dict[str, list[DeviceNumbers]] = field(default_factory=dict)
    cdi: dict[str, Edits] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    files: dict[str, dict[str, str]] = field(default_factory=dict)  # container id -> name -> content
    copied: list[tuple[str, str]] = field(default_factory=list)  # (path in the image, destination)
    removed_cgroups: list[str] = field(default_factory=list)
    killed_for_memory: dict[str, int] = field(default_factory=dict)  # processes, by cgroup
    cgroups: dict[str, str] = field(default_factory=dict)  # by container id
    shims: list[str] = field(default_factory=list)  # ids
    shared: dict[str, int] = field(default_factory=dict)  # shim -> the process of another container that it runs
    runtime_states: list[str] = field(default_factory=list)  # ids
    shm: dict[str, int] = field(default_factory=dict)  # container id -> bytes
    resolv_conf: str = "nameserver 192.0.2.1\n"
    root: Path | None = None  # a real directory that stands for every container's root
    lacking: tuple[str, ...] = ()  # until somebody opens a root for writing
    gone: set[int] = field(default_factory=set)  # pids of processes that have just ended
    opened: list[str] = field(default_factory=list)  # running, readable or writable
    mounts: tuple[RootMount, ...] = ()  # of the root opened last
    lacking_propagation: set[str] = field(default_factory=set)
    found_changes: list[FileChange] = field(default_factory=list)
    init_layers: list[str] = field(default_factory=list)  # what they were made in
    directories: set[str] = field(default_factory=set)  # that every image has
    made_directories: list[str] = field(default_factory=list)  # in containers
    in_the_way: set[str] = field(default_factory=set)  # files where a directory is to be made
    staged: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)  # id -> name -> (source, subpath)
    listening: list[Listener] = field(default_factory=list)
    bound: list[tuple[str, str]] = field(default_factory=list)  # all that was ever staged

    async def facts(self) -> HostFacts:
        return self.host_facts

    async def sample(self, cgroup_path: str, pid: int) -> ResourceSample:
        if cgroup_path not in self.samples:
            raise NotFound(f"cgroup {cgroup_path} is gone")
        return self.samples[cgroup_path]

    async def oom_kills(self, cgroup_path: str) -> int:
        return self.killed_for_memory.get(cgroup_path, 0)

    async def cgroup_path(self, pid: int) -> str:
        return f"/pier/{pid}"

    async def remove_cgroup(self, cgroup_path: str) -> None:
        self.removed_cgroups.append(cgroup_path)
        self.cgroups = {key: path for key, path in self.cgroups.items() if path != cgroup_path}

    async def list_cgroups(self, parent: str) -> Mapping[str, str]:
        return {key: path for key, path in self.cgroups.items() if path.startswith(f"{parent}/")}

    async def end_lost_shim(self, container_id: str, in_use: Collection[int]) -> bool:
        if container_id not in self.shims or self.shared.get(container_id) in in_use:
            return False
        self.shims.remove(container_id)
        return True

    async def list_shims(self) -> list[str]:
        return list(self.shims)

    async def processes(self, pids: Iterable[int], ps_args: str) -> tuple[list[str], list[list[str]]]:
        return ["PID", "CMD"], [[str(pid), "fake"] for pid in pids]

    async def listeners(self, pid: int, pids: Collection[int]) -> list[Listener]:
        return self.listening

    async def look_up_user(
        self, user: str, groups: Sequence[str], *, rootfs: Sequence[FilesystemMount] = (), pid: int = 0
    ) -> ProcessUser:
        if user in self.users:
            return self.users[user]
        if user.isdigit():
            return ProcessUser(uid=int(user), additional_gids=(0,))
        raise NotFound(f"unable to find user {user}: no matching entries in passwd file")

    async def make_directory(self, rootfs: Sequence[FilesystemMount], path: str) -> None:
        if path in self.in_the_way:
            raise PierError(f"Cannot mkdir: {path} is not a directory")
        self.made_directories.append(path)

    async def has_directory(self, rootfs: Sequence[FilesystemMount], path: str) -> bool:
        return path in self.directories

    async def copy_directory(self, source: str, destination: str) -> None:
        shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)

    async def stage_directory(self, container_id: str, name: str, source: str, subpath: str) -> str:
        if not (Path(source) / subpath).exists():
            raise NotFound(f"cannot access path {source}/{subpath}: no such file or directory")
        self._stage(container_id, name, source, subpath)
        return f"{source}/{subpath}/."  # the same place by a name that nobody else would give it

    async def stage_image(self, container_id: str, name: str, layers: Sequence[FilesystemMount], subpath: str) -> str:
        return self._stage(container_id, name, "image", subpath)

    def _stage(self, container_id: str, name: str, source: str, subpath: str) -> str:
        self.staged.setdefault(container_id, {})[name] = (source, subpath)
        self.bound.append((source, subpath))
        return f"/fake/staged/{container_id}/{name}"

    async def unstage(self, container_id: str) -> None:
        self.staged.pop(container_id, None)

    async def list_staged(self) -> list[str]:
        return list(self.staged)

    @asynccontextmanager
    async def directory_root(self, path: str) -> AsyncIterator[ContainerRoot]:
        try:
            root = ContainerRoot(os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            raise NotFound(f"directory {path} cannot be opened: {error.strerror}") from error
        try:
            yield root
        finally:
            root.close()

    async def copy_up(self, rootfs: Sequence[FilesystemMount], path: str, destination: str) -> None:
        self.copied.append((path, destination))

    async def container_files(
        self, container_id: str, *, hostname: str, hosts: str | None, resolv_conf: str | None
    ) -> Mapping[str, str]:
        self.files[container_id] = {
            "hostname": f"{hostname}\n",
            "hosts": "127.0.0.1 localhost\n" if hosts is None else hosts,
            "resolv.conf": self.resolv_conf if resolv_conf is None else resolv_conf,
        }
        return {name: f"/fake/containers/{container_id}/{name}" for name in self.files[container_id]}

    async def change_hosts(
        self,
        container_id: str,
        *,
        added: Sequence[str] = (),
        removed: Sequence[str] = (),
        outdated: Sequence[str] = (),
    ) -> None:
        lines = self.files[container_id]["hosts"].splitlines(keepends=True)
        kept = [line for line in lines if line not in removed and not any(f"\t{names}" in line for names in outdated)]
        self.files[container_id]["hosts"] = "".join([*kept, *added])

    async def write_resolv_conf(self, container_id: str, text: str) -> None:
        self.files[container_id]["resolv.conf"] = text

    async def host_resolv_conf(self) -> str:
        return self.resolv_conf

    async def remove_container_files(self, container_id: str) -> None:
        self.files.pop(container_id, None)

    async def open_shm(self, container_id: str, size: int) -> str:
        self.shm.setdefault(container_id, size)
        return f"/fake/shm/{container_id}"

    async def close_shm(self, container_id: str) -> None:
        self.shm.pop(container_id, None)

    async def list_runtime_states(self) -> list[str]:
        return list(self.runtime_states)

    async def remove_runtime_state(self, container_id: str) -> None:
        self.runtime_states.remove(container_id)

    async def list_shm(self) -> list[str]:
        return list(self.shm)

    async def ensure_directory(self, path: str) -> bool:
        if path in self.paths:
            return False
        self.paths.add(path)
        return True

    async def wait_for_program(self, pid: int, patience: float) -> bool:
        return True

    async def require_propagation(self, path: str, wanted: str) -> None:
        if wanted in self.lacking_propagation:
            raise PierError(f"path {path} is mounted on / but it is not a {wanted} mount")

    async def path_exists(self, path: str) -> bool:
        return path in self.paths

    async def cdi_devices(self, directories: Sequence[str]) -> Mapping[str, Edits]:
        return self.cdi

    async def device_numbers(self, path: str) -> list[DeviceNumbers]:
        if path not in self.devices:
            raise PierError(
                f'error gathering device information while adding custom device "{path}": no such file or directory'
            )
        return self.devices[path]

    @asynccontextmanager
    async def running_root(
        self, pid: int, cgroup_path: str, mounts: Sequence[RootMount] = ()
    ) -> AsyncIterator[ContainerRoot]:
        if pid in self.gone:
            raise NotFound(f"process {pid} is gone")
        async with self._root("running", mounts) as root:
            yield root

    @asynccontextmanager
    async def stopped_root(
        self,
        layers: Sequence[FilesystemMount],
        mounts: Sequence[RootMount] = (),
        *,
        writable: bool = False,
        read_only_root: bool = False,
    ) -> AsyncIterator[ContainerRoot]:
        if writable:
            self.lacking = ()
        async with self._root("writable" if writable else "readable", mounts) as root:
            yield root

    @asynccontextmanager
    async def _root(self, how: str, mounts: Sequence[RootMount]) -> AsyncIterator[ContainerRoot]:
        assert self.root is not None
        self.opened.append(how)
        self.mounts = tuple(mounts)
        root = ContainerRoot(os.open(self.root, os.O_PATH | os.O_DIRECTORY), self.lacking)
        try:
            yield root
        finally:
            root.close()

    async def changes(self, layers: Sequence[FilesystemMount]) -> list[FileChange]:
        return self.found_changes

    async def fill_init_layer(self, rootfs: Sequence[FilesystemMount]) -> None:
        self.init_layers.append(rootfs[0].source)
