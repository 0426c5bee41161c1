"""An engine without containers behind it: it remembers what it was asked and answers from plain dicts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pier.domain.container import Config, Container, Exec, ExecConfig, HostConfig, LogConfig, State, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.event import Event
from pier.domain.filters import Filters
from pier.domain.image import Descriptor, Image, Platform
from pier.domain.network import Endpoint, InterfaceCounters, IpamPool, Network
from pier.domain.registry import Progress
from pier.domain.runtime import HostFacts, ResourceSample
from pier.domain.volume import Volume
from pier.engine.containers.attach import AttachOptions, Detached
from pier.engine.containers.create import CreateRequest
from pier.engine.containers.inspect import ContainerDetails
from pier.engine.containers.listing import ContainerSummary
from pier.engine.containers.logs import LogOptions
from pier.engine.containers.usage import StatsSample
from pier.engine.images.history import HistoryRow
from pier.engine.images.usage import DiskUsage, ImageUsage
from pier.engine.networks import CreateNetwork, NetworkDetails
from pier.engine.system import InfoFacts, VersionFacts

SECOND = 1_000_000_000
WEB = "a" * 63 + "1"
IMAGE = "sha256:" + "b" * 64
NETWORK = "c" * 64


def a_container(**changes: Any) -> Container:
    container = Container(
        id=WEB,
        name="web",
        created_at=1_700_000_000 * SECOND,
        image_ref="busybox:latest",
        image_id=IMAGE,
        config=Config(image="busybox:latest", cmd=("sleep", "30"), hostname=WEB[:12]),
        host_config=HostConfig(log_config=LogConfig(), port_bindings={}),
        path="sleep",
        args=("30",),
        state=State(status=Status.RUNNING, pid=42, started_at=1_700_000_001 * SECOND),
        endpoints={"bridge": Endpoint(network_id=NETWORK, network_name="bridge", endpoint_id="e" * 64)},
    )
    return replace(container, **changes)


def an_image(**changes: Any) -> Image:
    descriptor = Descriptor(media_type="application/vnd.oci.image.manifest.v1+json", digest=IMAGE, size=100)
    image = Image(
        id=IMAGE,
        manifest=descriptor,
        config_descriptor=descriptor,
        layers=(descriptor,),
        diff_ids=("sha256:" + "d" * 64,),
        chain_id="sha256:" + "d" * 64,
        config=Config(cmd=("sh",)),
        platform=Platform(),
        created_at=1_600_000_000 * SECOND,
        repo_tags=("busybox:latest",),
        size=1234,
    )
    return replace(image, **changes)


class FakeAttachment:
    """Output is what a test puts in with `say`; `heard` is what the client wrote."""

    def __init__(self, *, terminal: bool = False, ends_with_stdin: bool = False) -> None:
        self.terminal = terminal
        self.ends_with_stdin = ends_with_stdin
        self.heard = bytearray()
        self.stdin_closed = asyncio.Event()
        self.closed = asyncio.Event()
        self.detach_on = b""
        self._pieces: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()

    def say(self, data: bytes, stream: int = 1) -> None:
        self._pieces.put_nowait((stream, data))

    def end(self) -> None:
        self._pieces.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def write(self, data: bytes) -> None:
        if self.detach_on and self.detach_on in data:
            raise Detached("read escape sequence")
        self.heard += data

    async def close_stdin(self) -> bool:
        self.stdin_closed.set()
        return not self.ends_with_stdin

    def close(self) -> None:
        self.closed.set()


@dataclass
class FakeWait:
    outcome: "asyncio.Future[tuple[int, str]]"

    async def result(self) -> tuple[int, str]:
        return await self.outcome


@dataclass(frozen=True)
class FakeLine:
    stream: int
    time: int
    text: bytes
    attributes: dict[str, str] = field(default_factory=dict)


class FakeContainers:
    def __init__(self) -> None:
        self.all: dict[str, Container] = {"web": a_container()}
        self.calls: list[tuple[Any, ...]] = []
        self.created: list[CreateRequest] = []
        self.failure: Exception | None = None
        self.attachment = FakeAttachment()
        self.attach_options: AttachOptions | None = None
        self.wait_condition: str | None = None
        self.outcome: asyncio.Future[tuple[int, str]] | None = None
        self.lines: list[list[FakeLine]] = []
        self.log_options: LogOptions | None = None
        self.log_end: Exception | asyncio.Event | None = None
        self.samples: list[StatsSample] = []
        self.filters = Filters()

    def get(self, ref: str) -> Container:
        if self.failure is not None:
            raise self.failure
        for container in self.all.values():
            if ref.removeprefix("/") == container.name or (ref and container.id.startswith(ref)):
                return container
        raise NotFound(f"No such container: {ref}")

    async def create(self, request: CreateRequest) -> tuple[str, list[str]]:
        if self.failure is not None:
            raise self.failure
        if request.config.image != "busybox":
            raise NotFound(f"No such image: {request.config.image}:latest")
        self.created.append(request)
        return WEB, []

    def _note(self, verb: str, ref: str, *arguments: Any) -> None:
        self.calls.append((verb, self.get(ref).name, *arguments))

    async def start(self, ref: str) -> None:
        self._note("start", ref)

    async def stop(self, ref: str, timeout: int | None = None, signal: str = "") -> None:
        self._note("stop", ref, timeout, signal)

    async def restart(self, ref: str, timeout: int | None = None, signal: str = "") -> None:
        self._note("restart", ref, timeout, signal)

    async def kill(self, ref: str, signal: str = "") -> None:
        self._note("kill", ref, signal)

    async def pause(self, ref: str) -> None:
        self._note("pause", ref)

    async def unpause(self, ref: str) -> None:
        self._note("unpause", ref)

    async def rename(self, ref: str, new_name: str) -> None:
        self._note("rename", ref, new_name)

    async def resize(self, ref: str, height: int, width: int) -> None:
        self._note("resize", ref, height, width)

    async def remove(self, ref: str, *, volumes: bool = False, force: bool = False, link: bool = False) -> None:
        self._note("remove", ref, volumes, force, link)

    async def wait(self, ref: str, condition: str) -> FakeWait:
        self.get(ref)
        if condition not in ("", "not-running", "next-exit", "removed"):
            raise InvalidArgument(f'invalid condition: "{condition}"')
        self.wait_condition = condition
        self.outcome = asyncio.get_running_loop().create_future()
        return FakeWait(self.outcome)

    async def inspect(self, ref: str, *, size: bool = False) -> ContainerDetails:
        size_rw, size_root_fs = (0, 1234) if size else (None, None)
        return ContainerDetails(container=self.get(ref), size_rw=size_rw, size_root_fs=size_root_fs)

    async def list(
        self, *, all: bool = False, limit: int = 0, filters: Filters | None = None, size: bool = False
    ) -> "list[ContainerSummary]":
        self.filters = filters or Filters()
        self.calls.append(("list", all, limit, size))
        return [ContainerSummary(container=item, image_ref=item.image_ref) for item in self.all.values()]

    async def attach(self, ref: str, options: AttachOptions) -> FakeAttachment:
        self.get(ref)
        self.attach_options = options
        return self.attachment

    async def logs(self, ref: str, options: LogOptions) -> tuple[bool, AsyncIterator[Sequence[FakeLine]]]:
        container = self.get(ref)
        if not (options.stdout or options.stderr):
            raise InvalidArgument("Bad parameters: you must choose at least one stream")
        self.log_options = options
        return container.config.tty, self._read_lines()

    async def _read_lines(self) -> AsyncIterator[Sequence[FakeLine]]:
        for batch in self.lines:
            yield batch
        if isinstance(self.log_end, asyncio.Event):
            await self.log_end.wait()
        elif self.log_end is not None:
            raise self.log_end

    async def top(self, ref: str, ps_args: str) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        self.get(ref)
        return ["PID", "CMD"], [["42", "sleep 30"]]

    async def stats(self, ref: str) -> StatsSample:
        container = self.get(ref)
        return self.samples.pop(0) if self.samples else StatsSample(container=container)

    async def prune(self, filters: Filters) -> tuple[Sequence[str], int]:
        self.filters = filters
        return [], 0


class FakeExecs:
    def __init__(self, containers: FakeContainers) -> None:
        self._containers = containers
        self.all: dict[str, Exec] = {}
        self.attachment = FakeAttachment()
        self.starts: list[tuple[str, bool, tuple[int, int] | None]] = []

    async def create(self, ref: str, config: ExecConfig) -> str:
        container = self._containers.get(ref)
        exec_id = f"{len(self.all):064x}"
        self.all[exec_id] = Exec(id=exec_id, container_id=container.id, config=config)
        return exec_id

    def inspect(self, exec_id: str) -> Exec:
        if exec_id not in self.all:
            raise NotFound(f"No such exec instance: {exec_id}")
        return self.all[exec_id]

    async def start(
        self, exec_id: str, *, detach: bool, console_size: tuple[int, int] | None = None
    ) -> FakeAttachment | None:
        exec_ = self.inspect(exec_id)
        if exec_.started:
            raise Conflict(f"exec command {exec_id} has already run")
        self.all[exec_id] = replace(exec_, started=True)
        self.starts.append((exec_id, detach, console_size))
        return None if detach else self.attachment

    async def resize(self, exec_id: str, height: int, width: int) -> None:
        self.inspect(exec_id)


class FakeImages:
    def __init__(self) -> None:
        self.all = {"busybox:latest": an_image()}
        self.progress: list[Progress | Exception] = []
        self.pulled: list[tuple[Any, ...]] = []
        self.loaded = b""

    async def get(self, ref: str) -> Image:
        for name, image in self.all.items():
            if ref in (name, name.partition(":")[0], image.id):
                return image
        raise NotFound(f"No such image: {ref}:latest")

    async def list(self, *, all: bool = False, filters: Filters | None = None) -> "list[Image]":
        (filters or Filters()).require_known(("dangling", "label", "before", "since", "until", "reference"))
        return list(self.all.values())

    async def history(self, ref: str) -> Sequence[HistoryRow]:
        image = await self.get(ref)
        row = HistoryRow(id=image.id, created_at=0, created_by="", comment="", size=1, tags=image.repo_tags)
        return [row, replace(row, id="<missing>", tags=())]

    async def pull(self, repository: str, reference: str, *, platform: Any, auth: Any) -> AsyncIterator[Progress]:
        self.pulled.append((repository, reference, platform, auth))
        for item in self.progress:
            if isinstance(item, Exception):
                raise item
            yield item

    async def load(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[Progress]:
        async for chunk in chunks:
            self.loaded += chunk
        for item in self.progress:
            if isinstance(item, Exception):
                raise item
            yield item

    async def save(self, names: Sequence[str]) -> AsyncIterator[bytes]:
        for name in names:
            await self.get(name)
        yield b"tar"
        yield b"end"

    async def remove(self, ref: str, *, force: bool = False, prune_parents: bool = True) -> Sequence[tuple[str, str]]:
        image = await self.get(ref)
        return [("Untagged", image.repo_tags[0]), ("Deleted", image.id)]

    async def tag(self, ref: str, repository: str, tag: str) -> None:
        self.all[f"{repository}:{tag or 'latest'}"] = await self.get(ref)

    async def prune(self, filters: Filters) -> tuple[Sequence[tuple[str, str]], int]:
        return [], 0

    async def disk_usage(self) -> DiskUsage:
        images = tuple(ImageUsage(image=image, shared=0, containers=1) for image in self.all.values())
        return DiskUsage(layers_size=1234, images=images)


class FakeNetworks:
    def __init__(self) -> None:
        pool = IpamPool(subnet="172.17.0.0/16", gateway="172.17.0.1")
        self.all = {"bridge": Network(id=NETWORK, name="bridge", driver="bridge", pools=(pool,))}
        self.created: list[CreateNetwork] = []

    def list(self, filters: Filters) -> Sequence[Network]:
        return list(self.all.values())

    def get(self, ref: str) -> NetworkDetails:
        if ref not in self.all:
            raise NotFound(f"network {ref} not found")
        endpoint = Endpoint(network_id=NETWORK, network_name="bridge", ipv4_address="172.17.0.2", ipv4_prefix=16)
        return NetworkDetails(network=self.all[ref], containers={WEB: ("web", endpoint)})

    async def create(self, request: CreateNetwork) -> tuple[str, str]:
        self.created.append(request)
        return NETWORK, ""

    async def remove(self, ref: str) -> None:
        self.get(ref)

    async def connect(self, ref: str, container_ref: str, request: object) -> None:
        self.get(ref)

    async def disconnect(self, ref: str, container_ref: str, force: bool = False) -> None:
        self.get(ref)

    async def prune(self, filters: Filters) -> Sequence[str]:
        return []


class FakeVolumes:
    def __init__(self) -> None:
        self.all = {"data": Volume(name="data", mountpoint="/v/data/_data", created_at=1_700_000_000 * SECOND + 5)}

    def list(self, filters: Filters) -> Sequence[Volume]:
        return list(self.all.values())

    def get(self, name: str) -> Volume:
        if name not in self.all:
            raise NotFound(f"get {name}: no such volume")
        return self.all[name]

    def users(self, name: str) -> Sequence[Container]:
        return []

    async def create(self, name: str = "", *, driver: str = "local", options: Any = None, labels: Any = None) -> Volume:
        self.all[name] = Volume(name=name, driver=driver, options=options or {}, labels=labels or {})
        return self.all[name]

    async def remove(self, name: str, *, force: bool = False) -> None:
        self.get(name)

    async def prune(self, filters: Filters) -> tuple[Sequence[str], int]:
        return [], 0


class FakeSystem:
    facts = HostFacts(kernel="6.1", operating_system="Debian", hostname="host", cpus=2, memory=1 << 30)

    async def version(self) -> VersionFacts:
        return VersionFacts(version="0.1.0", containerd_version="1.6.20", containerd_revision="r", facts=self.facts)

    async def info(self) -> InfoFacts:
        return InfoFacts(
            id="id",
            name="host",
            version="0.1.0",
            containers=1,
            running=1,
            paused=0,
            stopped=0,
            images=1,
            driver="overlayfs",
            facts=self.facts,
            data_root="/var/lib/pier",
            cgroup_driver="cgroupfs",
            default_runtime="runc",
            runtimes={"runc": "runc"},
            system_time=1_700_000_000 * SECOND,
        )


class FakeEvents:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.asked: tuple[int, int, Filters] | None = None
        self.subscribers = 0
        self.left = asyncio.Event()

    async def subscribe(
        self, *, since: int = 0, until: int = 0, filters: Filters | None = None
    ) -> AsyncIterator[Event]:
        self.asked = (since, until, filters or Filters())
        self.subscribers += 1
        try:
            while (event := await self.queue.get()) is not None:
                yield event
        finally:
            self.subscribers -= 1
            self.left.set()


class FakeEngine:
    def __init__(self) -> None:
        self.containers = FakeContainers()
        self.execs = FakeExecs(self.containers)
        self.images = FakeImages()
        self.networks = FakeNetworks()
        self.volumes = FakeVolumes()
        self.system = FakeSystem()
        self.events = FakeEvents()


def a_sample(moment: int, cpu: int = 1000) -> ResourceSample:
    return ResourceSample(
        read_at=moment,
        cpu_total=cpu,
        system_cpu=10 * cpu,
        online_cpus=2,
        memory_usage=4096,
        memory_stats={"cache": 1},
        pids_current=3,
        blkio={"io_service_bytes": ()},
    )


def stats_sample(moment: int, cpu: int = 1000) -> StatsSample:
    counters = [InterfaceCounters(name="eth0", rx_bytes=7)]
    return StatsSample(container=a_container(), sample=a_sample(moment, cpu), counters=counters, memory_limit=1 << 30)


def broken(message: str = "boom") -> PierError:
    return PierError(message)
