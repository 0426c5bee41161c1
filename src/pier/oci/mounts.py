"""The mounts of a container: the kernel's file systems, Pier's three files, and what the user asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import normpath

from pier.domain.container import HostConfig
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.mount import MountPoint
from pier.domain.runtime import HostFacts
from pier.oci.inputs import HOST, Document, SpecInputs
from pier.oci.kernel import kernel_at_least
from pier.oci.security import parse_security_options

INIT_PATH = "/sbin/docker-init"
_RECURSIVE_READ_ONLY_KERNEL = "5.12"  # mount_setattr(2)
_FILES = {"resolv.conf": "/etc/resolv.conf", "hostname": "/etc/hostname", "hosts": "/etc/hosts"}
_TMPFS_DEFAULTS = ("noexec", "nosuid", "nodev")
_ALWAYS_WRITABLE = frozenset({"/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"})
_OPPOSITES = {"rw": "ro", "exec": "noexec", "suid": "nosuid", "dev": "nodev", "atime": "noatime", "async": "sync"}
_CONTRARY = _OPPOSITES | {value: key for key, value in _OPPOSITES.items()}
_SHARED, _SLAVE = frozenset({"shared", "rshared"}), frozenset({"slave", "rslave"})


@dataclass(frozen=True, slots=True)
class _Mount:
    destination: str
    type: str
    source: str
    options: tuple[str, ...]

    def document(self) -> Document:
        return {
            "destination": self.destination,
            "type": self.type,
            "source": self.source,
            "options": list(self.options),
        }

    def with_access(self, *, writable: bool) -> "_Mount":
        options = tuple(option for option in self.options if option not in ("ro", "rw"))
        return _Mount(self.destination, self.type, self.source, (*options, "rw" if writable else "ro"))


def mount_documents(inputs: SpecInputs) -> list[Document]:
    """The list `mounts`, outer before inner. Raises InvalidArgument for an option that cannot be met."""
    host_config = inputs.container.host_config
    user_mounts = [_user_mount(point, inputs.facts) for point in inputs.container.mount_points]
    resolved = {mount.destination for mount in user_mounts}
    user_mounts += [_tmpfs(path, opts.split(",")) for path, opts in host_config.tmpfs.items() if path not in resolved]
    taken = {normpath(mount.destination) for mount in user_mounts}
    system = [_restricted(mount, host_config) for mount in _system_mounts(inputs) if not _is_hidden(mount, taken)]
    files = [mount for mount in _file_mounts(inputs) if mount.destination not in taken]
    ordered = [*system, *sorted([*files, *user_mounts], key=_depth), *_init_mount(inputs)]
    return [mount.document() for mount in ordered]


def root_propagation(points: Iterable[MountPoint]) -> str:
    """`linux.rootfsPropagation`: mounts of the host reach a shared or slave bind only if the root lets them through."""
    asked = {point.propagation for point in points if point.type == "bind"}
    if asked & _SHARED:
        return "shared"
    return "rslave" if asked & _SLAVE else ""


def _system_mounts(inputs: SpecInputs) -> list[_Mount]:
    """OCI runtime-spec, "Default Filesystems", as Docker sets them up."""
    return [
        _Mount("/proc", "proc", "proc", ("nosuid", "noexec", "nodev")),
        _Mount("/dev", "tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
        _Mount(
            "/dev/pts",
            "devpts",
            "devpts",
            ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        ),
        _Mount("/sys", "sysfs", "sysfs", ("nosuid", "noexec", "nodev", "ro")),
        _Mount("/sys/fs/cgroup", "cgroup", "cgroup", ("ro", "nosuid", "noexec", "nodev")),
        *_ipc_mounts(inputs),
    ]


def _ipc_mounts(inputs: SpecInputs) -> list[_Mount]:
    """Message queues and shared memory belong to the IPC namespace; `--ipc none` has no /dev/shm."""
    host_config = inputs.container.host_config
    # The queues shown are those of the namespace of who mounts it (mq_overview(7)); the host need not have it mounted.
    mounts = [_Mount("/dev/mqueue", "mqueue", "mqueue", ("nosuid", "noexec", "nodev"))]
    if inputs.namespaces.ipc == HOST:
        return [*mounts, _bind("/dev/shm", inputs.shm_source or "/dev/shm")]
    if host_config.ipc_mode == "none":
        return mounts
    if inputs.shm_source:
        return [*mounts, _bind("/dev/shm", inputs.shm_source)]
    options = ("nosuid", "noexec", "nodev", "mode=1777", f"size={host_config.shm_size}")
    return [*mounts, _Mount("/dev/shm", "tmpfs", "shm", options)]


def _restricted(mount: _Mount, host_config: HostConfig) -> _Mount:
    """Privileged opens /sys and the cgroups; a read-only root closes what is not needed for writing."""
    writable_cgroups = host_config.privileged or parse_security_options(host_config.security_opt).writable_cgroups
    if (host_config.privileged and mount.destination == "/sys") or (writable_cgroups and mount.type == "cgroup"):
        return mount.with_access(writable=True)
    if host_config.readonly_rootfs and mount.destination not in _ALWAYS_WRITABLE:
        return mount.with_access(writable=False)
    return mount


def _is_hidden(mount: _Mount, taken: set[str]) -> bool:
    """A user's mount takes the place of a default one, and one over /dev also of those below it."""
    return mount.destination in taken or ("/dev" in taken and mount.destination.startswith("/dev/"))


def _file_mounts(inputs: SpecInputs) -> list[_Mount]:
    writable = not inputs.container.host_config.readonly_rootfs
    return [
        _bind(destination, inputs.files[name], writable=writable)
        for name, destination in _FILES.items()
        if inputs.files.get(name)
    ]


def _init_mount(inputs: SpecInputs) -> list[_Mount]:
    return [_bind(INIT_PATH, inputs.init_binary, writable=False)] if inputs.init_binary else []


def _bind(destination: str, source: str, *, writable: bool = True) -> _Mount:
    return _Mount(destination, "bind", source, ("rbind", "rprivate") if writable else ("rbind", "rprivate", "ro"))


def _user_mount(point: MountPoint, facts: HostFacts) -> _Mount:
    if point.type == "tmpfs":
        return _tmpfs(point.destination, point.options, writable=point.writable)
    if point.type in ("npipe", "cluster"):
        raise Unsupported(f"mount {point.destination}: type {point.type} is not supported")
    source = f"{point.source.rstrip('/')}/{point.subpath.lstrip('/')}" if point.subpath else point.source
    options = ["bind" if point.non_recursive else "rbind", point.propagation or "rprivate"]
    if not point.writable:
        options += ["ro", *_recursive_read_only(point, facts)]
    return _Mount(point.destination, "bind", source, tuple(options))


def _recursive_read_only(point: MountPoint, facts: HostFacts) -> list[str]:
    if kernel_at_least(facts.kernel, _RECURSIVE_READ_ONLY_KERNEL):
        return ["rro"] if point.recursive_read_only else []
    if point.request is not None and point.request.read_only_force_recursive:
        raise InvalidArgument(
            f"mount {point.destination}: recursive read-only needs kernel {_RECURSIVE_READ_ONLY_KERNEL}"
            f" or newer, this is {facts.kernel}"
        )
    return []


def _tmpfs(destination: str, options: Iterable[str], *, writable: bool = True) -> _Mount:
    """noexec, nosuid and nodev unless the user says the opposite; the last of two contrary options counts."""
    chosen: dict[str, None] = dict.fromkeys(_TMPFS_DEFAULTS)
    for option in [*filter(None, options), *([] if writable else ["ro"])]:
        chosen.pop(_CONTRARY.get(option, ""), None)
        chosen[option] = None
    return _Mount(destination, "tmpfs", "tmpfs", tuple(chosen))


def _depth(mount: _Mount) -> int:
    return len([part for part in normpath(mount.destination).split("/") if part])
