"""The Host adapter: every method of the engine's Host port, over this package's modules."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pier.domain.archive import FileChange, RootMount
from pier.domain.cdi import Edits
from pier.domain.errors import NotFound, PierError
from pier.domain.mount import FilesystemMount
from pier.domain.network import Listener
from pier.domain.runtime import HostFacts, ProcessUser, ResourceSample
from pier.host import rootfs
from pier.host.apparmor import load_profile
from pier.host.cdi import read_cdi
from pier.host.changes import find_changes
from pier.host.copy_up import copy_directory
from pier.host.devices import DeviceNumbers, device_numbers
from pier.host.facts import peer_pid, read_facts
from pier.host.files import ContainerFiles
from pier.host.hierarchy import Hierarchy, cgroup_of, filesystem_path, find_hierarchy
from pier.host.init_layer import fill_init_layer
from pier.host.listeners import list_listeners
from pier.host.processes import list_processes
from pier.host.program import wait_for_program
from pier.host.propagation import require_propagation
from pier.host.root import ContainerRoot, make_directory, open_running_root, open_stopped_root
from pier.host.runtime_states import RuntimeStates
from pier.host.sample import read_oom_kills, read_sample
from pier.host.shims import end_shims, list_shims
from pier.host.shm import SharedMemory
from pier.host.staging import Staging
from pier.host.users import resolve_user

# A cgroup that a runtime made for a container: `<id>`, or systemd's `pier-<id>.scope`.
_OF_CONTAINER = re.compile(r"(?:pier-)?([0-9a-f]{64})(?:\.scope)?")
_ACCOUNT_LIMIT = 8 << 20  # bytes of a passwd or group file


class Host:
    """This host. `root` is where its files are: / but in tests, which record a tree of /proc, /sys and /etc."""

    def __init__(
        self,
        *,
        data_root: Path,
        exec_root: Path,
        containerd_address: str,
        namespace: str = "pier",
        root: Path = Path("/"),
    ) -> None:
        self._files = ContainerFiles(data_root / "containers", host_root=root)
        self._shm = SharedMemory(exec_root / "shm")
        self._staging = Staging(exec_root / "staged")
        self._runtime_states = RuntimeStates(exec_root / "runc" / namespace)
        self._containerd_address = containerd_address
        self._namespace = namespace
        self._root = root
        self._hierarchy: Hierarchy | None = None

    async def facts(self) -> HostFacts:
        """What the host is; limits are those of containerd's process, or of this one while containerd is away.

        Where the kernel has AppArmor, the profile of containers is loaded on the way.
        """
        return await asyncio.to_thread(self._read_facts)

    async def sample(self, cgroup_path: str, pid: int) -> ResourceSample:
        """One reading of a running container's cgroup; that of `pid` without a path. Raises NotFound when gone."""
        return await asyncio.to_thread(self._read_sample, cgroup_path, pid)

    async def oom_kills(self, cgroup_path: str) -> int:
        """How many processes of a cgroup the kernel has killed for want of memory; 0 when it is gone."""
        return await asyncio.to_thread(read_oom_kills, self._cgroups(), cgroup_path)

    async def cgroup_path(self, pid: int) -> str:
        """The path a process is really in. Raises NotFound when it is gone."""
        return cgroup_of(pid, self._cgroups(), self._root)

    async def remove_cgroup(self, cgroup_path: str) -> None:
        """Removes a leftover cgroup in every hierarchy with what is in it; absent is no error.

        Raises PierError when it stays busy.
        """
        await asyncio.to_thread(self._cgroups().remove, cgroup_path)

    async def list_cgroups(self, parent: str) -> dict[str, str]:
        """The paths of the cgroups below a parent (or slice) that bear a container's id, by that id."""
        names = await asyncio.to_thread(self._cgroups().children, parent)
        found = [(match[1], name) for name in names if (match := _OF_CONTAINER.fullmatch(name))]
        return {container_id: f"{filesystem_path(parent)}/{name}" for container_id, name in found}

    async def list_shims(self) -> list[str]:
        """The ids of the containers of our namespace that have a shim."""
        found = await asyncio.to_thread(
            list_shims, namespace=self._namespace, address=self._containerd_address, root=self._root
        )
        return list(found)

    async def end_lost_shim(self, container_id: str, in_use: Collection[int]) -> bool:
        """Ends the shim of a container that containerd knows no task of; False if there is none that serves nobody."""
        return await asyncio.to_thread(
            end_shims,
            container_id,
            namespace=self._namespace,
            address=self._containerd_address,
            in_use=in_use,
            root=self._root,
        )

    async def processes(self, pids: Iterable[int], ps_args: str) -> tuple[list[str], list[list[str]]]:
        """Titles and rows of ps(1); see processes.list_processes for what it raises."""
        return await list_processes(pids, ps_args)

    async def listeners(self, pid: int, pids: Collection[int]) -> list[Listener]:
        """Who waits for packets in the network namespace of `pid`. Raises NotFound when it is gone."""
        return await asyncio.to_thread(list_listeners, pid, pids, self._root)

    async def look_up_user(
        self, user: str, groups: Sequence[str], *, rootfs: Sequence[FilesystemMount] = (), pid: int = 0
    ) -> ProcessUser:
        """Resolves `user[:group]` in the passwd and group files of a snapshot, or of a running process's root.

        Raises NotFound for a name that is not there.
        """
        return await asyncio.to_thread(_look_up, user, groups, rootfs, pid)

    async def copy_up(self, rootfs: Sequence[FilesystemMount], path: str, destination: str) -> None:
        """Copies a directory of a snapshot into an empty one of the host; absent is no error."""
        await asyncio.to_thread(_copy_up, rootfs, path, destination)

    async def fill_init_layer(self, rootfs: Sequence[FilesystemMount]) -> None:
        """Makes what every container finds in its root in a writable snapshot; see host.init_layer."""
        await asyncio.to_thread(fill_init_layer, rootfs)

    async def make_directory(self, rootfs: Sequence[FilesystemMount], path: str) -> None:
        """Makes a directory and its parents in a writable snapshot; see host.root."""
        await asyncio.to_thread(make_directory, rootfs, path)

    async def has_directory(self, rootfs: Sequence[FilesystemMount], path: str) -> bool:
        """Whether a snapshot has a directory there."""
        return await asyncio.to_thread(_has_directory, rootfs, path)

    async def copy_directory(self, source: str, destination: str) -> None:
        """Copies all in a directory into an empty one, sharing blocks where the file system can."""
        await asyncio.to_thread(_copy_plain, source, destination)

    async def stage_directory(self, container_id: str, name: str, source: str, subpath: str) -> str:
        """Mounts a part of a directory for a container's start; see Staging."""
        return await asyncio.to_thread(self._staging.stage_directory, container_id, name, source, subpath)

    async def stage_image(self, container_id: str, name: str, layers: Sequence[FilesystemMount], subpath: str) -> str:
        """Mounts a snapshot or a part of it, read-only, for a container's start; see Staging."""
        return await asyncio.to_thread(self._staging.stage_image, container_id, name, layers, subpath)

    async def unstage(self, container_id: str) -> None:
        """Takes these mounts away; absent is no error."""
        try:
            await asyncio.to_thread(self._staging.unstage, container_id)
        except OSError as error:
            raise PierError(f"mounts for the start of {container_id} cannot be removed: {error}") from error

    async def list_staged(self) -> list[str]:
        """The ids of the containers that have some."""
        return await asyncio.to_thread(self._staging.list_ids)

    @asynccontextmanager
    async def directory_root(self, path: str) -> AsyncIterator[ContainerRoot]:
        """The files below a directory of the host. Raises NotFound."""
        try:
            root = ContainerRoot(os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            raise NotFound(f"directory {path} cannot be opened: {error.strerror}") from error
        try:
            yield root
        finally:
            await asyncio.to_thread(root.close)

    @asynccontextmanager
    async def running_root(
        self, pid: int, cgroup_path: str, mounts: Sequence[RootMount] = ()
    ) -> AsyncIterator[ContainerRoot]:
        """The files of the container whose init is `pid`. Raises NotFound when it has ended."""
        root = await _opened(lambda: open_running_root(pid, cgroup_path, mounts))
        try:
            yield root
        finally:
            await asyncio.to_thread(root.close)

    @asynccontextmanager
    async def stopped_root(
        self,
        layers: Sequence[FilesystemMount],
        mounts: Sequence[RootMount] = (),
        *,
        writable: bool = False,
        read_only_root: bool = False,
    ) -> AsyncIterator[ContainerRoot]:
        """The files of a container that does not run; see host.root.open_stopped_root."""
        root = await _opened(
            lambda: open_stopped_root(layers, mounts, writable=writable, read_only_root=read_only_root)
        )
        try:
            yield root
        finally:
            await asyncio.to_thread(root.close)

    async def changes(self, layers: Sequence[FilesystemMount]) -> list[FileChange]:
        """What a container's writable layer changed; see host.changes.find_changes."""
        return await asyncio.to_thread(find_changes, layers)

    async def container_files(
        self, container_id: str, *, hostname: str, hosts: str | None, resolv_conf: str | None
    ) -> Mapping[str, str]:
        """Writes hostname, hosts and resolv.conf in place; None copies the host's. Paths by name."""
        contents = {"hostname": f"{hostname}\n", "hosts": hosts, "resolv.conf": resolv_conf}
        return await asyncio.to_thread(self._files.write, container_id, contents)

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
        await asyncio.to_thread(self._files.change_hosts, container_id, added, removed, outdated)

    async def write_resolv_conf(self, container_id: str, text: str) -> None:
        """Replaces a container's resolver file, in place."""
        await asyncio.to_thread(self._files.write, container_id, {"resolv.conf": text})

    async def host_resolv_conf(self) -> str:
        """The text of the host's resolver file, with the servers behind systemd-resolved where that is in use."""
        return await asyncio.to_thread(self._files.host_resolv_conf)

    async def remove_container_files(self, container_id: str) -> None:
        """Removes all files of a container; absent is no error."""
        await asyncio.to_thread(self._files.remove, container_id)

    async def open_shm(self, container_id: str, size: int) -> str:
        """The path of a /dev/shm that a container shares with others, mounted unless it is already."""
        return await asyncio.to_thread(self._shm.ensure, container_id, size)

    async def close_shm(self, container_id: str) -> None:
        """Unmounts it; containers that have joined keep it. Absent is no error."""
        await asyncio.to_thread(self._shm.remove, container_id)

    async def list_runtime_states(self) -> list[str]:
        """The ids of the containers of which an OCI runtime has written something down."""
        return await asyncio.to_thread(self._runtime_states.list_ids)

    async def remove_runtime_state(self, container_id: str) -> None:
        """Removes it, of a container without a process; absent is no error."""
        await asyncio.to_thread(self._runtime_states.remove, container_id)

    async def list_shm(self) -> list[str]:
        """The ids of the containers that have one."""
        return await asyncio.to_thread(self._shm.list_ids)

    async def ensure_directory(self, path: str) -> bool:
        """Makes a missing directory (0755) with its parents; False if something was there."""
        return await asyncio.to_thread(_ensure_directory, Path(path))

    async def wait_for_program(self, pid: int, patience: float) -> bool:
        """Until a container's first process is no longer the runtime's own; see host.program."""
        return await wait_for_program(pid, patience)

    async def require_propagation(self, path: str, wanted: str) -> None:
        """Whether a bind of the path can have it; see host.propagation."""
        await asyncio.to_thread(require_propagation, path, wanted)

    async def path_exists(self, path: str) -> bool:
        """Whether something is there, links followed."""
        return await asyncio.to_thread(Path(path).exists)

    async def device_numbers(self, path: str) -> list[DeviceNumbers]:
        """(path below, type, major, minor, mode, uid, gid) of a device or of all in a directory.

        Raises PierError when there is none.
        """
        return await asyncio.to_thread(device_numbers, path)

    async def cdi_devices(self, directories: Sequence[str]) -> Mapping[str, Edits]:
        """What every CDI device in the files of these directories changes, by its full name."""
        return await asyncio.to_thread(read_cdi, directories)

    def _cgroups(self) -> Hierarchy:
        if self._hierarchy is None:
            self._hierarchy = find_hierarchy(self._root)
        return self._hierarchy

    def _read_facts(self) -> HostFacts:
        facts = read_facts(peer_pid(self._containerd_address), self._cgroups(), self._root)
        return replace(facts, apparmor_profile=load_profile(self._root)) if facts.has_apparmor else facts

    def _read_sample(self, cgroup_path: str, pid: int) -> ResourceSample:
        path = cgroup_path or cgroup_of(pid, self._cgroups(), self._root)
        return read_sample(self._cgroups(), path, self._root)


async def _opened(open_root: Callable[[], ContainerRoot]) -> ContainerRoot:
    """Opened in a thread, and closed again when the caller has been cancelled by then: its mounts would stay for good.

    That is waited for, as a layer that is mounted for writing must not be mounted twice.
    """
    opening = asyncio.get_running_loop().run_in_executor(None, open_root)
    cancelled: asyncio.CancelledError | None = None
    while not opening.done():
        try:
            await asyncio.wait({opening})
        except asyncio.CancelledError as error:
            cancelled = error
    root = opening.result()
    if cancelled is not None:
        await asyncio.to_thread(root.close)
        raise cancelled
    return root


def _look_up(user: str, groups: Sequence[str], mounts: Sequence[FilesystemMount], pid: int) -> ProcessUser:
    with rootfs.open_process_root(pid) if pid else rootfs.open_snapshot(mounts) as root:
        passwd = rootfs.read_file(root, "/etc/passwd", limit=_ACCOUNT_LIMIT) or b""
        group = rootfs.read_file(root, "/etc/group", limit=_ACCOUNT_LIMIT) or b""
    return resolve_user(user, groups, passwd=passwd.decode(errors="replace"), group=group.decode(errors="replace"))


def _copy_up(mounts: Sequence[FilesystemMount], path: str, destination: str) -> None:
    with rootfs.open_snapshot(mounts) as root, rootfs.open_directory(root, path) as directory:
        if directory is not None:
            copy_directory(directory, destination)


def _ensure_directory(path: Path) -> bool:
    if path.exists():
        return False
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise PierError(f"directory {path} cannot be made: {error.strerror}") from error
    return True


def _has_directory(mounts: Sequence[FilesystemMount], path: str) -> bool:
    with rootfs.open_snapshot(mounts) as root, rootfs.open_directory(root, path) as directory:
        return directory is not None


def _copy_plain(source: str, destination: str) -> None:
    try:
        directory = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PierError(f"directory {source} cannot be opened: {error.strerror}") from error
    try:
        copy_directory(directory, destination)
    finally:
        os.close(directory)
