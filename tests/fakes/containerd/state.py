"""What the fake containerd remembers, its garbage collection, and the levers of tests."""

import asyncio
import itertools
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from pier.domain.errors import PierError, Unavailable
from pier.domain.image import ImageRecord
from pier.domain.runtime import ContainerObject, RuntimeEvent, TaskStatus

GC_ROOT = "containerd.io/gc.root"
GC_CONTENT = "containerd.io/gc.ref.content"
GC_SNAPSHOT = "containerd.io/gc.ref.snapshot.overlayfs"
Resource = tuple[str, str]  # ("content", digest) or ("snapshot", key)

current_lease: ContextVar[str | None] = ContextVar("fake_lease", default=None)


@dataclass
class Blob:
    data: bytes
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class Snapshot:
    parent: str
    kind: str  # active, view, committed
    labels: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # its own changes only


@dataclass
class Process:
    pid: int
    args: tuple[str, ...]
    status: TaskStatus = TaskStatus.CREATED
    exit_status: int = 0
    exited_at: int = 0
    pending: int = 0  # a deadly signal that a frozen process has not acted on


@dataclass
class Task:
    init: Process
    execs: dict[str, Process] = field(default_factory=dict)


class State:
    """Levers: `failures[call]` is raised once by that call (as `tasks.create`), `gates[call]` is waited for by it.

    `calls` lists what was called, in order. With `collect_always` a garbage collection runs after each call that
    changes something, so that whatever lacks a lease or a root is gone at once.
    """

    def __init__(self) -> None:
        self.away = False
        self.back = asyncio.Event()
        self.calls: list[str] = []
        self.failures: dict[str, PierError] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.collect_always = False
        self.missing = {"nosuch", "/nosuch"}
        self.containers: dict[str, ContainerObject] = {}
        self.tasks: dict[str, Task] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.blobs: dict[str, Blob] = {}
        self.images: dict[str, ImageRecord] = {}
        self.leases: dict[str, set[Resource]] = {}
        self.streams: list[asyncio.Queue[RuntimeEvent | None]] = []
        self.pids = itertools.count(100_001)
        self.clock = itertools.count(1_700_000_000_000_000_000, 1_000_000)

    async def enter(self, call: str) -> None:
        """Every call of every service begins here."""
        self.calls.append(call)
        await asyncio.sleep(0)
        if (gate := self.gates.get(call)) is not None:
            await gate.wait()
        if self.away:
            raise Unavailable("containerd at /fake/containerd.sock does not answer; is containerd running?")
        if (failure := self.failures.pop(call, None)) is not None:
            raise failure

    def publish(self, event: RuntimeEvent) -> None:
        for stream in self.streams:
            stream.put_nowait(event)

    def close_streams(self) -> None:
        self.back.clear()
        for stream in self.streams:
            stream.put_nowait(None)
        self.streams.clear()

    def lease(self, resource: Resource) -> None:
        lease = current_lease.get()
        if lease in self.leases:
            self.leases[lease].add(resource)

    def changed(self) -> None:
        if self.collect_always:
            self.collect()

    def collect(self) -> None:
        """Removes every blob and snapshot that no image, container object, lease or root label reaches."""
        reached: set[Resource] = set()
        waiting = list(self._roots())
        while waiting:
            resource = waiting.pop()
            if resource not in reached:
                reached.add(resource)
                waiting += self._references(resource)
        self.blobs = {key: blob for key, blob in self.blobs.items() if ("content", key) in reached}
        self.snapshots = {key: snap for key, snap in self.snapshots.items() if ("snapshot", key) in reached}

    def _roots(self) -> Iterable[Resource]:
        for resources in self.leases.values():
            yield from resources
        for image in self.images.values():
            yield "content", image.target.digest
        for container in self.containers.values():
            yield "snapshot", container.snapshot_key
        for digest, blob in self.blobs.items():
            if GC_ROOT in blob.labels:
                yield "content", digest
        for key, snapshot in self.snapshots.items():
            if GC_ROOT in snapshot.labels:
                yield "snapshot", key

    def _references(self, resource: Resource) -> Iterable[Resource]:
        kind, key = resource
        if kind == "snapshot":
            return [("snapshot", self.snapshots[key].parent)] if key in self.snapshots else []
        if key not in self.blobs:
            return []
        labels = self.blobs[key].labels
        blobs = [("content", value) for name, value in labels.items() if name.startswith(GC_CONTENT)]
        return blobs + [("snapshot", value) for name, value in labels.items() if name.startswith(GC_SNAPSHOT)]
