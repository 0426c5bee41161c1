"""A whole engine over fakes: what containerd, the kernel and the disk hold outlives a pierd, as on a real host."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from fakes.containerd import FakeContainerd
from fakes.host import FakeHost
from fakes.inits import FakeInits
from fakes.neighbours import FakeNeighbours
from fakes.networks import FakeNetworks
from fakes.records import FakeRecords
from fakes.registry import FakeRegistry
from fakes.streams import FakeLogs, FakeStream, FakeStreams
from support.images import Node, TestImage, docker_archive

from pier.archive.copies import Copies
from pier.archive.images import Archives
from pier.config import Config as Settings
from pier.domain.container import Config, Container, HostConfig
from pier.domain.event import Event
from pier.domain.network import EndpointRequest
from pier.engine.bus import Bus
from pier.engine.clock import Clock
from pier.engine.containers.create import CreateRequest
from pier.engine.context import Context, Ports
from pier.engine.engine import Engine
from pier.engine.gate import Gate
from pier.engine.jobs import Jobs
from pier.engine.live import Live
from pier.engine.memory import Memory
from pier.volumes.drivers import Drivers
from pier.volumes.layer_limits import LayerLimits
from pier.volumes.local import LocalVolumes

T = TypeVar("T")
PATIENCE = 5.0  # seconds; nothing here takes more than some rounds of the loop
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUSYBOX = TestImage([{"bin/busybox": Node(b"applets", mode=0o755)}], {"Env": [PATH], "Cmd": ["sh"]})


@dataclass
class World:
    """`engine` is the pierd that runs now; `restart` ends it and starts another on what there is.

    Programs are those of the fake containerd: `nosuch` is missing, `sh -c "exit 3"` ends at once, `sh -c "trap"`
    ignores all but SIGKILL, others run until killed or ended by `end`.
    """

    data_root: Path
    containerd: FakeContainerd = field(default_factory=FakeContainerd)
    records: FakeRecords = field(default_factory=FakeRecords)
    streams: FakeStreams = field(default_factory=FakeStreams)
    logs: FakeLogs = field(default_factory=FakeLogs)
    networks: FakeNetworks = field(default_factory=FakeNetworks)
    host: FakeHost = field(default_factory=FakeHost)
    inits: FakeInits = field(default_factory=FakeInits)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    neighbours: FakeNeighbours = field(default_factory=FakeNeighbours)
    settings: Mapping[str, object] = field(default_factory=dict)
    context: Context = field(init=False)
    engine: Engine = field(init=False)
    _run: asyncio.Task[None] | None = None

    # -- pierd --------------------------------------------------------------------------------------------------------

    async def boot(self) -> None:
        """Starts a pierd on what the world holds, and waits until it has looked at all of it if containerd answers."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        self._run = loop.create_task(self._serve(ready), name="pierd")
        await asyncio.wait({self._run, ready}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if self._run.done():
            self._run.result()
        async with asyncio.timeout(PATIENCE):
            await self.engine.first_look()
            if self.engine.supervisor.agreed.is_set():
                await self.engine.supervisor.reconciled.wait()

    async def _serve(self, ready: asyncio.Future[None]) -> None:
        async with asyncio.TaskGroup() as group:
            await self._build(group)
            await self.engine.start()
            self.engine.run()
            ready.set_result(None)
            await asyncio.Event().wait()

    async def _build(self, group: asyncio.TaskGroup) -> None:
        stored = await self.records.load()
        bus = Bus(self.records)
        memory = Memory(self.records, bus, Clock(stored.last_event_time))
        memory.adopt(stored)
        self.context = Context(
            config=Settings(data_root=self.data_root, exec_root=self.data_root / "run", **self.settings),  # type: ignore[arg-type]  # tests name fields freely
            facts=await self.host.facts(),
            ports=self._ports(),
            memory=memory,
            bus=bus,
            gate=Gate(2),
            live=Live(),
            jobs=Jobs(group),
        )
        self.engine = Engine(self.context, engine_id="fake-engine", systemd_cgroup=False)

    def _ports(self) -> Ports:
        return Ports(
            records=self.records,
            containerd=self.containerd.version,
            tasks=self.containerd.tasks,
            inits=self.inits,
            objects=self.containerd.containers,
            snapshots=self.containerd.snapshots,
            limits=LayerLimits(),
            content=self.containerd.content,
            image_records=self.containerd.images,
            neighbours=self.neighbours,
            diffs=self.containerd.diffs,
            leases=self.containerd.leases,
            runtime_events=self.containerd.events,
            streams=self.streams,
            logs=self.logs,
            networks=self.networks,
            volumes=Drivers(LocalVolumes(self.data_root), [self.data_root / "plugins"]),
            host=self.host,
            registry=self.registry,
            archives=Archives(),
            copies=Copies(),
        )

    async def shut_down(self) -> None:
        """pierd is gone with all its jobs, as if killed between two of its steps; what it made stays."""
        if self._run is not None:
            self._run.cancel()
            await asyncio.wait({self._run}, timeout=PATIENCE)
            self._run = None

    async def killed_in(self, owner: object, step: str, job: Coroutine[object, object, object]) -> None:
        """pierd is gone in the middle of `job`, which some client has asked for: once it calls `step` of a port."""
        reached = asyncio.Event()

        async def hang(*_: object) -> None:
            reached.set()
            await asyncio.Event().wait()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, step, hang)
            async with asyncio.TaskGroup() as clients:
                client = clients.create_task(job)
                await reached.wait()
                await self.shut_down()
                client.cancel()

    async def restart(self) -> None:
        await self.shut_down()
        await self.boot()

    # -- shorthands ---------------------------------------------------------------------------------------------------

    async def load(self, name: str = "busybox:latest", image: TestImage = BUSYBOX) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield docker_archive({name: image})

        async for _ in self.engine.images.load(chunks()):
            pass

    @staticmethod
    def request(
        name: str = "",
        *cmd: str,
        image: str = "busybox",
        host: HostConfig | None = None,
        endpoints: Mapping[str, EndpointRequest] | None = None,
        **config: object,
    ) -> CreateRequest:
        asked = Config(image=image, cmd=cmd or ("sleep", "1000"), **config)  # type: ignore[arg-type]  # tests name fields freely
        return CreateRequest(
            name=name, config=asked, host_config=host or HostConfig(), endpoint_requests=endpoints or {}
        )

    async def create(self, *args: str, **request: object) -> str:
        """The new container's id; takes what `request` takes."""
        container_id, _ = await self.engine.containers.create(self.request(*args, **request))  # type: ignore[arg-type]  # as above
        return container_id

    async def run(self, *args: str, **request: object) -> str:
        container_id = await self.create(*args, **request)
        await self.engine.containers.start(container_id)
        return container_id

    def container(self, ref: str) -> Container:
        return self.engine.containers.get(ref)

    def stream(self, container_id: str, exec_id: str = "") -> FakeStream:
        """The streams of the last run, or of an exec."""
        return self.streams.made[container_id, exec_id]

    def end(self, container_id: str, status: int = 0, exec_id: str = "") -> None:
        """The process ends by itself."""
        self.containerd.tasks.end(container_id, status, exec_id)

    def hold_after_start(self, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        """Processes start, but the engine does not hear of that until the event is set."""
        start, gate = self.containerd.tasks.start, asyncio.Event()

        async def held(container_id: str, exec_id: str = "") -> int:
            pid = await start(container_id, exec_id)
            await gate.wait()
            return pid

        monkeypatch.setattr(self.containerd.tasks, "start", held)
        return gate

    # -- watching -----------------------------------------------------------------------------------------------------

    async def until(self, probe: Callable[[], T], what: str = "it becomes true") -> T:
        """Lets the loop turn until `probe` answers something true. AssertionError naming `what` after PATIENCE."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not (answer := probe()):
            assert asyncio.get_running_loop().time() < end, f"not within {PATIENCE} s: {what}"
            await asyncio.sleep(0.001)
        return answer

    async def ended(self, ref: str) -> Container:
        """The container once its last exit is settled: recorded, cleaned up, waiters told, no restart to come."""
        async with asyncio.timeout(PATIENCE):
            await (await self.engine.containers.wait(ref, "not-running")).result()
            while self.container(ref).state.is_running:
                await (await self.engine.containers.wait(ref, "not-running")).result()
        return self.container(ref)

    async def turns(self, count: int = 200) -> None:
        """Gives everything that could still happen at once the chance to happen."""
        for _ in range(count):
            await asyncio.sleep(0)

    @property
    def events(self) -> list[Event]:
        return self.records.history

    def actions(self, since: int = 0) -> list[str]:
        """`type action` of the events from number `since` on, the type left out for containers; images' not shown."""
        return [
            event.action if event.type == "container" else f"{event.type} {event.action}"
            for event in self.events[since:]
            if event.type != "image"
        ]

    def calls(self, *names: str) -> list[str]:
        """Which of these calls containerd got, in order."""
        return [call for call in self.containerd.state.calls if call in names]
