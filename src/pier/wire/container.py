"""A container's portable half: Docker's `Config`, which requests, images and inspect share."""

from msgspec import field

from pier.wire.shape import UNSET, Int64, Maybe, Omitted, Shape, Uint32


class HealthConfig(Shape, kw_only=True):
    """Times in ns."""

    test: Maybe[list[str]] = UNSET
    interval: Maybe[Int64] = UNSET
    timeout: Maybe[Int64] = UNSET
    start_period: Maybe[Int64] = UNSET
    start_interval: Maybe[Int64] = UNSET
    retries: Maybe[Int64] = UNSET


class ContainerConfig(Shape, kw_only=True):
    """`cmd`, `entrypoint` and `shell` may be one string: that is a list of one, it is not split."""

    hostname: Maybe[str] = UNSET
    domainname: Maybe[str] = UNSET
    user: Maybe[str] = UNSET
    attach_stdin: Maybe[bool] = UNSET
    attach_stdout: Maybe[bool] = UNSET
    attach_stderr: Maybe[bool] = UNSET
    exposed_ports: Maybe[dict[str, dict[str, object] | None]] = UNSET
    tty: Maybe[bool] = UNSET
    open_stdin: Maybe[bool] = UNSET
    stdin_once: Maybe[bool] = UNSET
    env: Maybe[list[str]] = UNSET
    cmd: Maybe[str | list[str]] = UNSET
    healthcheck: Maybe[HealthConfig] = UNSET
    args_escaped: Maybe[bool] = UNSET
    image: Maybe[str] = UNSET
    volumes: Maybe[dict[str, dict[str, object] | None]] = UNSET
    working_dir: Maybe[str] = UNSET
    entrypoint: Maybe[str | list[str]] = UNSET
    network_disabled: Maybe[bool] = UNSET
    mac_address: Maybe[str] = UNSET
    on_build: Maybe[list[str]] = UNSET
    labels: Maybe[dict[str, str]] = UNSET
    stop_signal: Maybe[str] = UNSET
    stop_timeout: Maybe[Int64] = UNSET
    shell: Maybe[str | list[str]] = UNSET


class CreateReply(Shape, kw_only=True):
    id: str
    warnings: list[str]


class WaitError(Shape, kw_only=True):
    message: str


class WaitReply(Shape, kw_only=True):
    error: Omitted[WaitError] = UNSET
    status_code: int


class TopReply(Shape, kw_only=True):
    processes: list[list[str]]
    titles: list[str]


class ContainersPruneReply(Shape, kw_only=True):
    containers_deleted: list[str] | None
    space_reclaimed: int


class UpdateReply(Shape, kw_only=True):
    warnings: list[str] | None


class ErrorReply(Shape, kw_only=True, rename=None):
    """The body of every failure."""

    message: str


class IdReply(Shape, kw_only=True):
    """What exec create and commit answer."""

    id: str


class ExecCreate(Shape, kw_only=True):
    """`console_size` is height, width."""

    user: str | None = None
    privileged: bool | None = None
    tty: bool | None = None
    console_size: tuple[Uint32, Uint32] | None = None
    attach_stdin: bool | None = None
    attach_stdout: bool | None = None
    attach_stderr: bool | None = None
    detach_keys: str | None = None
    env: list[str] | None = None
    working_dir: str | None = None
    cmd: list[str] | None = None
    detach: bool | None = None  # of no effect: what counts is that of the start


class ExecStart(Shape, kw_only=True):
    detach: bool | None = None
    tty: bool | None = None
    console_size: tuple[Uint32, Uint32] | None = None


class ProcessConfig(Shape, kw_only=True, rename="lower"):
    tty: bool
    entrypoint: str
    arguments: list[str]
    privileged: bool
    user: Omitted[str] = UNSET


class ExecInspect(Shape, kw_only=True):
    """`exit_code` is null until the process has ended."""

    id: str = field(name="ID")
    running: bool
    exit_code: int | None
    process_config: ProcessConfig
    open_stdin: bool
    open_stderr: bool
    open_stdout: bool
    can_remove: bool
    container_id: str = field(name="ContainerID")
    detach_keys: str
    pid: int
