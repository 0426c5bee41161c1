"""What crosses the border to the container runtime: tasks, their exits and their streams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TaskStatus(StrEnum):
    UNKNOWN = "unknown"
    CREATED = "created"
    RUNNING = "running"
    STOPPED = "stopped"
    PAUSED = "paused"
    PAUSING = "pausing"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """A task, or an exec of it when `exec_id` is set; `exit_status` and `exited_at` count once it is STOPPED."""

    container_id: str
    status: TaskStatus
    pid: int
    exec_id: str = ""
    exit_status: int = 0
    exited_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExit:
    """A process ended. `exec_id` is empty for the container's own process; `status` is 128+n for signal n."""

    container_id: str
    exec_id: str
    pid: int
    status: int
    exited_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InitEnd:
    """How a container's own process ended, told by the kernel. `ended_at` is 0 where nobody was there to see it."""

    status: int
    ended_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOom:
    """The kernel's OOM killer struck in this container."""

    container_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The event stream is (again) subscribed: whatever happened before it must be asked for by listing."""


RuntimeEvent = TaskExit | TaskOom | Connected


@dataclass(frozen=True, slots=True, kw_only=True)
class Stdio:
    """Paths of the FIFOs a process talks through; an empty path is /dev/null."""

    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    terminal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeChoice:
    """The containerd runtime (`io.containerd.runc.v2`) and the OCI binary and state root it shall use.

    `options` are those of another shim: TypeUrl, ConfigPath, ConfigBody.
    """

    name: str = "io.containerd.runc.v2"
    binary: str = ""
    root: str = ""
    systemd_cgroup: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerObject:
    """containerd's own object of a container: metadata that holds its snapshot and its OCI spec."""

    id: str
    image: str
    snapshotter: str
    snapshot_key: str
    spec: Mapping[str, object]  # the OCI runtime spec document
    runtime: RuntimeChoice = RuntimeChoice()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUser:
    """A user as the kernel takes it, looked up in the container's own passwd and group files."""

    uid: int = 0
    gid: int = 0
    additional_gids: tuple[int, ...] = ()
    home: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What this host is and what its containerd may give away; read once at start.

    `capabilities` is the bounding set of containerd's process (names as `CAP_CHOWN`), `nofile` and friends its hard
    limits: more than that no container can get.
    """

    kernel: str = ""
    operating_system: str = ""
    hostname: str = ""
    architecture: str = "x86_64"
    cpus: int = 1
    online_cpus: str = ""  # "0-3,6"; empty: not known
    online_memory_nodes: str = ""  # the same of NUMA's nodes
    memory: int = 0
    cgroup_version: int = 1  # hybrid counts as 1
    cgroup_controllers: frozenset[str] = frozenset()
    has_seccomp: bool = True
    has_apparmor: bool = False
    apparmor_profile: str = ""  # of containers that name none; empty where none could be loaded
    has_systemd: bool = False  # as pid 1: it then owns the cgroups
    capabilities: frozenset[str] = frozenset()
    hard_limits: Mapping[str, int] = field(default_factory=dict)  # "nofile": 20000; absent or -1: unlimited
    min_oom_score_adj: int = -1000
    swap_limit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BlkioEntry:
    major: int
    minor: int
    op: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSample:
    """One reading of a container's cgroup. Times in ns; a controller that cannot be read is None or empty."""

    read_at: int
    cpu_total: int = 0
    cpu_user: int = 0
    cpu_kernel: int = 0
    cpu_per_cpu: tuple[int, ...] = ()
    throttled_periods: int = 0
    throttled_count: int = 0
    throttled_time: int = 0
    system_cpu: int = 0
    online_cpus: int = 0
    memory_usage: int | None = None
    memory_max_usage: int | None = None
    memory_limit: int | None = None
    memory_failcnt: int | None = None
    memory_stats: Mapping[str, int] = field(default_factory=dict)
    pids_current: int | None = None
    pids_limit: int | None = None  # None: unlimited
    blkio: Mapping[str, tuple[BlkioEntry, ...]] = field(default_factory=dict)  # by docker's names without "_recursive"
