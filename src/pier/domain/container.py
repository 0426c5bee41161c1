"""A container: what was asked for, what it became, and which steps are legal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from pier.domain.errors import Conflict
from pier.domain.mount import MountPoint, MountRequest
from pier.domain.network import Endpoint, EndpointRequest, PortBinding
from pier.domain.resources import Resources


class Status(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """`test` is empty (inherit), ("NONE",), ("CMD", ...) or ("CMD-SHELL", text). Times in ns, 0: the default."""

    test: tuple[str, ...] = ()
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What runs: the portable half of a container's configuration, merged with the image's."""

    image: str = ""
    hostname: str = ""
    domainname: str = ""
    user: str = ""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    env: tuple[str, ...] = ()
    cmd: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    args_escaped: bool = False
    shell: tuple[str, ...] | None = None
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()  # "80/tcp"
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    network_disabled: bool = False
    mac_address: str = ""
    on_build: tuple[str, ...] | None = None
    stop_signal: str = ""
    stop_timeout: int | None = None  # seconds; -1: for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    name: Literal["no", "always", "unless-stopped", "on-failure"] = "no"
    maximum_retry_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    driver: str = "json-file"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfig:
    """How it runs on this host: the other half of the configuration."""

    binds: tuple[str, ...] = ()
    mounts: tuple[MountRequest, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    volumes_from: tuple[str, ...] = ()
    volume_driver: str = ""
    container_id_file: str = ""
    log_config: LogConfig = LogConfig()
    network_mode: str = "bridge"
    port_bindings: Mapping[str, tuple[PortBinding, ...]] = field(default_factory=dict)
    publish_all_ports: bool = False
    restart_policy: RestartPolicy = RestartPolicy()
    auto_remove: bool = False
    console_size: tuple[int, int] = (0, 0)  # height, width
    annotations: Mapping[str, str] = field(default_factory=dict)
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    privileged: bool = False
    security_opt: tuple[str, ...] = ()
    masked_paths: tuple[str, ...] | None = None  # None: the defaults
    readonly_paths: tuple[str, ...] | None = None
    readonly_rootfs: bool = False
    group_add: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    ipc_mode: str = "private"
    pid_mode: str = ""
    uts_mode: str = ""
    userns_mode: str = ""
    cgroupns_mode: str = ""
    cgroup: str = ""
    oom_score_adj: int = 0
    shm_size: int = 64 << 20
    storage_opt: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    runtime: str = "runc"
    isolation: str = ""
    init: bool | None = None
    resources: Resources = field(default_factory=Resources)
    given_empty: tuple[str, ...] = ()  # lists and maps that were given without content: inspect does not show null


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another container, under a name that this one has for it."""

    container_id: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthProbe:
    started_at: int
    ended_at: int
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Present only on a container that has a health check; `log` keeps the last five probes."""

    status: Literal["starting", "healthy", "unhealthy"] = "starting"
    failing_streak: int = 0
    log: tuple[HealthProbe, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    status: Status = Status.CREATED
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: int = 0
    finished_at: int = 0
    health: Health | None = None
    stopped_by_user: bool = False  # written before the signal is sent; restart policies obey it
    restart_at: int = 0  # RESTARTING: when the next try is due
    backoff: int = 0  # RESTARTING: nanoseconds waited before that try
    removes_volumes: bool = False  # REMOVING: its anonymous volumes go with it, also if a crash cuts the removal short

    @property
    def is_running(self) -> bool:
        """Docker's `State.Running`: also true while paused or between two restarts."""
        return self.status in (Status.RUNNING, Status.PAUSED, Status.RESTARTING)

    @property
    def has_task(self) -> bool:
        return self.status in (Status.RUNNING, Status.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container as Pier records it. `image_ref` is what the user typed, `image_id` the config's digest."""

    id: str
    name: str  # without the leading slash
    created_at: int
    image_ref: str
    image_id: str
    config: Config
    host_config: HostConfig
    platform: str = "linux"
    driver: str = "overlayfs"
    path: str = ""  # the program, and
    args: tuple[str, ...] = ()  # its arguments: entrypoint and command put together
    state: State = State()
    restart_count: int = 0
    mount_points: tuple[MountPoint, ...] = ()
    endpoint_requests: Mapping[str, EndpointRequest] = field(
        default_factory=dict
    )  # by network name or id, as asked for
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)  # by network name
    links: tuple[Link, ...] = ()
    cgroup_path: str = ""  # as in the OCI spec, of the present or last run
    shim_group: str = ""  # of the present or last run: whose shim it shares; "": one of its own
    log_path: str = ""
    warnings: tuple[str, ...] = ()

    def require_running(self) -> None:
        """Raises Conflict unless a process runs in it (docker's words, clients match them)."""
        if self.state.status is Status.RESTARTING:
            raise Conflict(f"Container {self.id} is restarting, wait until the container is running")
        if not self.state.has_task:
            raise Conflict(f"container {self.id} is not running")

    def require_not_paused(self, shown: str = "") -> None:
        """Raises Conflict, in which it is called as `shown` says, or else by its id."""
        if self.state.status is Status.PAUSED:
            raise Conflict(f"Container {shown or self.id} is paused, unpause the container before exec")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecConfig:
    """What `docker exec` asks for. `env` is added to the container's, `user` empty means the container's."""

    cmd: tuple[str, ...]
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    tty: bool = False
    user: str = ""
    working_dir: str = ""
    env: tuple[str, ...] = ()
    privileged: bool = False
    detach_keys: str = ""
    console_size: tuple[int, int] | None = None  # height, width


@dataclass(frozen=True, slots=True, kw_only=True)
class Exec:
    """One exec instance; `exit_code` is None until it has ended."""

    id: str
    container_id: str
    config: ExecConfig
    running: bool = False
    started: bool = False
    exit_code: int | None = None
    pid: int = 0
    finished_at: int = 0
