"""What a runtime spec is built from, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pier.domain.cdi import Edits
from pier.domain.container import Container
from pier.domain.resources import DeviceMapping, Ulimit
from pier.domain.runtime import HostFacts, ProcessUser

Document = dict[str, object]  # a piece of an OCI document, ready for JSON

PRIVATE = ""
HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """Which namespace of each kind: PRIVATE (a new one), HOST, or the path of one that exists.

    `network` is never PRIVATE: Pier makes the netns beforehand and names its path.
    """

    network: str = HOST
    ipc: str = PRIVATE
    pid: str = PRIVATE
    uts: str = PRIVATE
    cgroup: str = HOST  # PRIVATE by default on cgroup v2 only; see namespaces.default_cgroupns


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device node inside the container, with what its cgroup allows on it."""

    path: str
    type: str  # "c" or "b"
    major: int
    minor: int
    mode: int = 0o666  # permission bits
    uid: int = 0
    gid: int = 0
    permissions: str = "rwm"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecInputs:
    """Everything build_spec looks at.

    `files` maps `hostname`, `hosts` and `resolv.conf` to their paths on the host. `cgroups_path` is as the OCI spec
    wants it (resources.cgroups_path). `extra_env` is what legacy links add. `shm_source` is the path of a /dev/shm
    shared with other containers; empty: an own tmpfs. `block_devices` gives major and minor of each host path
    named in the blkio limits. `edits` is what CDI devices change; their nodes are among `devices`. `init_binary`,
    where set, becomes pid 1 in front of the program.
    """

    container: Container
    user: ProcessUser = field(default_factory=ProcessUser)
    facts: HostFacts = field(default_factory=HostFacts)
    root_path: str = "rootfs"
    hostname: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    namespaces: Namespaces = field(default_factory=Namespaces)
    cgroups_path: str = ""
    devices: tuple[Device, ...] = ()
    edits: Edits = field(default_factory=Edits)
    block_devices: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    extra_env: tuple[str, ...] = ()
    init_binary: str = ""
    shm_source: str = ""
    default_ulimits: tuple[Ulimit, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpecResult:
    """The document, and one sentence for each thing that was asked for and had to be reduced."""

    spec: Document
    warnings: tuple[str, ...] = ()


CgroupDriver = Literal["cgroupfs", "systemd"]
HostDevice = tuple[str, str, int, int, int, int, int]  # as Host.device_numbers gives them


def map_devices(mapping: DeviceMapping, found: list[HostDevice]) -> tuple[Device, ...]:
    """The devices that `--device host:container:rwm` makes, from what lies on the host at that path."""
    return tuple(
        Device(
            path=f"{mapping.container_path.rstrip('/')}/{below}" if below else mapping.container_path,
            type=kind,
            major=major,
            minor=minor,
            mode=mode,
            uid=uid,
            gid=gid,
            permissions=mapping.permissions or "rwm",
        )
        for below, kind, major, minor, mode, uid, gid in found
    )
