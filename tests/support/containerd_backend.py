"""The ports of one containerd together, and what tests of their contract need to run a container on them."""

import gzip
import io
import shutil
import tarfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.containerd import FakeContainerd
from fakes.containerd.storage import FakeLeases, digest_of
from support.facilities import require

from pier.domain.image import MEDIA_TYPE_OCI_LAYER_GZIP, Descriptor
from pier.domain.runtime import ContainerObject, RuntimeChoice, Stdio, TaskExit, TaskStatus
from pier.engine import ports

CGROUP_PARENT = "/pier-test-contract"


@dataclass
class Backend:
    """The ports of one containerd, fake or real."""

    tasks: ports.Tasks
    containers: ports.ContainerObjects
    snapshots: ports.Snapshots
    content: ports.Content
    images: ports.ImageRecords
    diffs: ports.Diffs
    leases: ports.Leases
    earlier_leases: ports.Leases  # of a pierd before this one
    events: ports.RuntimeEvents
    version: ports.Containerd
    runtime: RuntimeChoice

    async def make_base(self) -> str:
        """A committed snapshot that holds busybox; its key. To be called under a lease."""
        layer = busybox_layer()
        written = await self.content.write("base", chunks_of(layer), expected=digest_of(layer), size=len(layer))
        descriptor = Descriptor(media_type=MEDIA_TYPE_OCI_LAYER_GZIP, digest=written.digest, size=written.size)
        diff_id = await self.diffs.apply(descriptor, await self.snapshots.prepare("unpack", ""))
        if await self.snapshots.exists(diff_id.digest):
            await self.snapshots.remove("unpack")
        else:
            await self.snapshots.commit(diff_id.digest, "unpack")
        return diff_id.digest

    async def make_container(self, container_id: str, *args: str, base: str = "") -> ContainerObject:
        """A container object on a writable snapshot, ready for a task that runs `args`."""
        base = base or await self.make_base()
        await self.snapshots.prepare(container_id, base)
        container = ContainerObject(
            id=container_id,
            image="",
            snapshotter=self.snapshots.snapshotter,
            snapshot_key=container_id,
            spec=minimal_spec(container_id, args),
            runtime=self.runtime,
        )
        await self.containers.create(container)
        return container

    async def create_task(self, container_id: str, stdio: Stdio | None = None) -> int:
        mounts = await self.snapshots.mounts(container_id)
        return await self.tasks.create(container_id, rootfs=mounts, stdio=stdio or Stdio(), runtime=self.runtime)

    async def run(self, container_id: str, *args: str, stdio: Stdio | None = None) -> int:
        await self.make_container(container_id, *args)
        await self.create_task(container_id, stdio)
        return await self.tasks.start(container_id)

    async def clean(self) -> None:
        """Ends and removes what a test has left."""
        for task in await self.tasks.list():
            if task.status is not TaskStatus.STOPPED:
                async with ended(self, task.container_id):
                    if task.status is TaskStatus.PAUSED:
                        await self.tasks.resume(task.container_id)
                    await self.tasks.kill(task.container_id, 9, everyone=True)
            await self.tasks.delete(task.container_id)
        for container_id in await self.containers.list_ids():
            await self.containers.delete(container_id)


class ended:
    """Waits at the end of its block until this process has ended; `exit` tells how."""

    def __init__(self, backend: Backend, container_id: str, exec_id: str = "") -> None:
        self._events = backend.events.subscribe()
        self._key = (container_id, exec_id)
        self.exit: TaskExit | None = None

    async def __aenter__(self) -> "ended":
        await anext(self._events)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            async for event in self._events:
                if isinstance(event, TaskExit) and (event.container_id, event.exec_id) == self._key:
                    self.exit = event
                    break
        await self._events.aclose()  # type: ignore[attr-defined]  # an async generator in both


def fake_backend() -> Backend:
    fake = FakeContainerd()
    return Backend(
        tasks=fake.tasks,
        containers=fake.containers,
        snapshots=fake.snapshots,
        content=fake.content,
        images=fake.images,
        diffs=fake.diffs,
        leases=fake.leases,
        earlier_leases=FakeLeases(fake.state),
        events=fake.events,
        version=fake.version,
        runtime=RuntimeChoice(),
    )


async def chunks_of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def busybox_layer() -> bytes:
    """A compressed layer with the static busybox as /bin/sh and friends."""
    busybox = shutil.which("busybox")
    require(busybox is not None, "no static busybox")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("bin", "proc", "dev", "tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        archive.add(busybox or "", "bin/busybox", filter=_as_root)
        for applet in ("sh", "sleep", "cat", "true", "echo"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        plain = tarfile.TarInfo("plain")
        plain.mode, plain.size = 0o644, 5
        archive.addfile(plain, io.BytesIO(b"plain"))
    return gzip.compress(buffer.getvalue(), 1, mtime=0)


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.mode = 0o755
    return member


def minimal_spec(container_id: str, args: tuple[str, ...]) -> Mapping[str, object]:
    """The least that runc takes (OCI runtime-spec): namespaces of its own, no network, no capabilities."""
    return {
        "ociVersion": "1.0.2",
        "process": process(*args),
        "root": {"path": "rootfs"},
        "hostname": "test",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {
                "destination": "/dev/pts",
                "type": "devpts",
                "source": "devpts",
                "options": ["newinstance", "ptmxmode=0666"],
            },
        ],
        "linux": {
            "cgroupsPath": f"{CGROUP_PARENT}/{container_id}",
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")],
        },
    }


def process(*args: str) -> dict[str, Any]:
    return {"args": list(args), "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}
