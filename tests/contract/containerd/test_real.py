"""What only a real containerd can show: streams, restarts, sharing, refusals, and that nothing is left behind."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from pier_grpc import content_pb2 as pb
from support.cgroups import cgroups_at
from support.containerd import Containerd
from support.containerd_backend import CGROUP_PARENT, Backend, chunks_of, ended, process

from pier.containerd import blob_files
from pier.containerd.blob_files import BlobFiles
from pier.containerd.changes import ImageChanges
from pier.containerd.client import Client, Method
from pier.containerd.content import Content
from pier.containerd.events import RuntimeEvents
from pier.containerd.images import ImageRecords
from pier.containerd.ingest import Ingest
from pier.containerd.namespaces import Namespaces
from pier.containerd.neighbours import Neighbours
from pier.containerd.version import Version
from pier.domain.errors import Conflict, NotFound, PierError, StartFailed, Unavailable
from pier.domain.image import Descriptor, ImageRecord
from pier.domain.runtime import Connected, RuntimeEvent, Stdio, TaskExit, TaskStatus

pytestmark = [pytest.mark.containerd, pytest.mark.root]

Connect = Callable[[], AbstractAsyncContextManager[Backend]]
LIST_INGESTS = Method(
    "/containerd.services.content.v1.Content/ListStatuses", pb.ListStatusesRequest, pb.ListStatusesResponse
)


async def ingests(client: Client) -> list[str]:
    reply = await client.call(LIST_INGESTS, pb.ListStatusesRequest(), what="list ingests")
    return [status.ref for status in reply.statuses]


async def never_read() -> AsyncIterator[bytes]:
    raise AssertionError("the bytes were asked for")
    yield b""


class Fifos:
    """A process's three FIFOs; ours are the reading ends and stdin's writing end."""

    def __init__(self, folder: Path) -> None:
        self.stdio = Stdio(stdin=str(folder / "0"), stdout=str(folder / "1"), stderr=str(folder / "2"))
        for path in (self.stdio.stdin, self.stdio.stdout, self.stdio.stderr):
            os.mkfifo(path)
        self.out = os.open(self.stdio.stdout, os.O_RDONLY | os.O_NONBLOCK)
        self.err = os.open(self.stdio.stderr, os.O_RDONLY | os.O_NONBLOCK)
        keep = os.open(self.stdio.stdin, os.O_RDONLY | os.O_NONBLOCK)
        self.stdin = os.open(self.stdio.stdin, os.O_WRONLY | os.O_NONBLOCK)
        os.close(keep)

    async def read(self) -> tuple[bytes, bytes]:
        """All that was written, once the process and its shim have let go."""
        for descriptor in (self.out, self.err):
            os.set_blocking(descriptor, True)
        return await asyncio.to_thread(read_all, self.out), await asyncio.to_thread(read_all, self.err)


def read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


async def test_output_and_input_go_through_fifos(real: Backend, tmp_path: Path) -> None:
    fifos = Fifos(tmp_path)
    async with real.leases.hold("test"):
        async with ended(real, "c1"):
            await real.run("c1", "sh", "-c", "echo out; echo err >&2; cat; echo end", stdio=fifos.stdio)
            os.write(fifos.stdin, b"through stdin\n")
            os.close(fifos.stdin)
            await real.tasks.close_stdin("c1")
        await real.tasks.delete("c1")
        assert await fifos.read() == (b"out\nthrough stdin\nend\n", b"err\n")


async def test_terminal_takes_its_size(real: Backend, tmp_path: Path) -> None:
    fifos = Fifos(tmp_path)
    stdio = Stdio(stdin=fifos.stdio.stdin, stdout=fifos.stdio.stdout, terminal=True)
    async with real.leases.hold("test"):
        await real.run("c1", "sleep", "1000")
        terminal = {**process("sh", "-c", "read line; busybox stty size"), "terminal": True}
        await real.tasks.add_exec("c1", "e1", terminal, stdio)
        async with ended(real, "c1", "e1"):
            await real.tasks.start("c1", "e1")
            await real.tasks.resize("c1", width=101, height=37, exec_id="e1")
            os.write(fifos.stdin, b"\n")
        await real.tasks.delete("c1", "e1")
        os.close(fifos.stdin)
        out, _ = await fifos.read()
        assert b"37 101" in out


@pytest.mark.parametrize(("command", "exit_code"), [("/nosuch", 127), ("nosuch", 127), ("/plain", 126), ("/tmp", 126)])
async def test_refusals_of_this_runc_are_told_apart(real: Backend, command: str, exit_code: int) -> None:
    async with real.leases.hold("test"):
        await real.make_container("c1", command)
        with pytest.raises(StartFailed, match="OCI runtime create failed") as caught:
            await real.create_task("c1")
        assert caught.value.exit_code == exit_code, caught.value.message
        await real.run("c2", "sleep", "1000")
        await real.tasks.add_exec("c2", "e1", process(command), Stdio())
        with pytest.raises(StartFailed, match="OCI runtime exec failed") as caught:
            await real.tasks.start("c2", "e1")
        assert caught.value.exit_code == exit_code, caught.value.message


def pids_limits(cgroup: str) -> list[str]:
    """Of this cgroup in whichever hierarchy has the controller."""
    found = [folder / "pids.max" for folder in cgroups_at(cgroup)]
    return [path.read_text().strip() for path in found if path.exists()]


async def test_limits_can_be_changed(real: Backend) -> None:
    async with real.leases.hold("test"):
        await real.run("c1", "sleep", "1000")
        await real.tasks.update("c1", {"pids": {"limit": 77}})
        assert pids_limits(f"{CGROUP_PARENT}/c1") == ["77"]


async def test_blob_of_another_namespace_is_taken_over_without_its_bytes(
    connect: Connect, real: Backend, client: Client
) -> None:
    data = secrets.token_bytes(1_500_000)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    async with connect() as owner, owner.leases.hold("owner"):
        await owner.content.write("r", chunks_of(data))
        async with real.leases.hold("ours"):
            assert await real.content.size(digest) is None
            taken = await real.content.write("r", never_read(), expected=digest, size=len(data), labels={"a": "1"})
            assert (taken.digest, taken.size) == (digest, len(data))
            assert await real.content.read(digest) == data
            assert await real.content.labels(digest) == {"a": "1"}
            assert await ingests(client) == []


async def test_no_way_of_failing_leaves_an_ingest(real: Backend, client: Client) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(1_500_000)
        raise ValueError

    async def stuck() -> AsyncIterator[bytes]:
        yield bytes(1_500_000)
        await asyncio.Event().wait()

    async with real.leases.hold("test"):
        with pytest.raises(ValueError):
            await real.content.write("broken", broken())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await real.content.write("stuck", stuck())
        await real.content.write("twice", chunks_of(b"x"))
        await real.content.write("twice", chunks_of(b"x"))
        assert await ingests(client) == []


async def test_what_an_earlier_ingest_left_is_not_part_of_the_blob(real: Backend, client: Client) -> None:
    async with real.leases.hold("test"):
        stale = Ingest(client, "r", expected="", size=0)
        await stale.__aenter__()
        await stale.fill(chunks_of(b"stale" * 1000))
        with pytest.raises(Conflict, match="somebody else writes it"):
            await real.content.write("r", chunks_of(b"fresh"))
        assert stale._call is not None
        stale._call.cancel()  # as if pierd had died
        written = await real.content.write("r", chunks_of(b"fresh"))
        assert written.digest == f"sha256:{hashlib.sha256(b'fresh').hexdigest()}"


async def test_lease_of_a_cancelled_holder_ends(real: Backend) -> None:
    data = secrets.token_bytes(1000)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

    async def hold() -> None:
        async with real.leases.hold("test"):
            await real.content.write("r", chunks_of(data))
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hold(), 0.5)
    await real.leases.collect()
    assert await real.content.size(digest) is None


async def test_namespace_is_made_once(client: Client) -> None:
    await Namespaces(client).ensure()
    await Namespaces(client).ensure()


async def test_blob_is_read_as_a_file_and_through_containerd_alike(
    client: Client, real: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = secrets.token_bytes(3_000_000)
    async with real.leases.hold("test"):
        blob = await real.content.write("r", chunks_of(data))
        with monkeypatch.context() as patch:
            patch.delattr(Client, "stream")  # which Read needs
            assert b"".join([chunk async for chunk in real.content.stream(blob.digest, offset=7)]) == data[7:]
        with monkeypatch.context() as patch:
            patch.setattr(blob_files, "_STORE", "no.such.plugin")
            elsewhere = Content(client)
            assert await BlobFiles(client).open(blob.digest, blob.size) is None
            assert b"".join([chunk async for chunk in elsewhere.stream(blob.digest, offset=7)]) == data[7:]


async def test_source_that_fails_while_somebody_else_stores_the_blob(client: Client, real: Backend) -> None:
    data = secrets.token_bytes(3_000_000)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

    async def failing() -> AsyncIterator[bytes]:
        yield data[:2_000_000]
        await real.content.write("fast", chunks_of(data), expected=digest, size=len(data))
        raise PierError("the registry hung up")

    async with real.leases.hold("test"):
        written = await real.content.write("slow", failing(), expected=digest, size=len(data), labels={"a": "1"})
        assert written == Descriptor(media_type="", digest=digest, size=len(data))
        assert (await real.content.labels(digest))["a"] == "1"
        assert await ingests(client) == []


async def test_blob_of_another_namespace_is_not_read_though_its_file_is_there(connect: Connect) -> None:
    data = secrets.token_bytes(1_000)
    async with connect() as ours, connect() as other, other.leases.hold("test"):
        blob = await other.content.write("r", chunks_of(data))
        with pytest.raises(NotFound):
            await anext(ours.content.stream(blob.digest))


async def test_blob_that_is_removed_while_it_is_read(client: Client, real: Backend) -> None:
    data = secrets.token_bytes(3_000_000)
    async with real.leases.hold("test"):
        blob = await real.content.write("r", chunks_of(data))
        reading = real.content.stream(blob.digest)
        first = await anext(reading)
        await Content(client).delete(blob.digest)
        assert first + b"".join([chunk async for chunk in reading]) == data


async def test_absence_is_told_at_once_and_ends_by_itself(connect: Connect, containerd: Containerd) -> None:
    async with connect() as backend, backend.leases.hold("test"):
        pid = await backend.run("c1", "sleep", "1000")
        events = backend.events.subscribe()
        assert await anext(events) == Connected()
        await asyncio.to_thread(containerd.stop, keep_containers=True)
        try:
            with pytest.raises(Unavailable, match="is containerd running"):
                await backend.tasks.list()
        finally:
            await asyncio.to_thread(containerd.start)
        async with asyncio.timeout(20):
            assert await anext(events) == Connected()
            state = await backend.tasks.get("c1")
            assert (state.status, state.pid) == (TaskStatus.RUNNING, pid)
            await backend.tasks.kill("c1", 9)
            event = await anext(events)
        assert isinstance(event, TaskExit)
        assert event.status == 137
        await events.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_events_of_another_namespace_are_not_seen(connect: Connect) -> None:
    async with connect() as ours, connect() as other:
        events = ours.events.subscribe()
        assert await anext(events) == Connected()
        async with other.leases.hold("test"), ended(other, "theirs"):
            await other.run("theirs", "true")
        async with ours.leases.hold("test"):
            await ours.run("ours", "true")
            event = await anext(events)
        assert isinstance(event, TaskExit)
        assert event.container_id == "ours"
        await events.aclose()  # type: ignore[attr-defined]  # an async generator


async def _read(events: AsyncIterator[RuntimeEvent]) -> None:
    async for _ in events:
        pass


async def test_list_of_images_is_kept_until_anybody_changes_one(client: Client) -> None:
    changes = ImageChanges()
    ours, theirs = ImageRecords(client, changes), ImageRecords(client)
    target = Descriptor(media_type="m", digest=f"sha256:{'0' * 64}", size=1)
    await ours.put(ImageRecord(name="a:1", target=target))
    unwatched = await ours.list()
    assert await ours.list() is not unwatched

    events = RuntimeEvents(client, changes).subscribe()
    assert await anext(events) == Connected()
    kept = await ours.list()
    assert await ours.list() is kept
    await theirs.put(ImageRecord(name="b:1", target=target))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        reading = group.create_task(_read(events))  # there are none of the engine's: this hears what came of images
        while {record.name for record in await ours.list()} != {"a:1", "b:1"}:  # noqa: ASYNC110 - no event of ours
            await asyncio.sleep(0.02)
        reading.cancel()
    await ours.delete("b:1")
    assert [record.name for record in await ours.list()] == ["a:1"]
    await ours.delete("a:1")


async def test_absent_from_the_start(tmp_path: Path) -> None:
    client = Client(str(tmp_path / "none.sock"), "ours")
    with pytest.raises(Unavailable, match="is containerd running"):
        await Version(client).version()
    await client.close()


async def test_neighbour_is_there_once_somebody_made_it(containerd: Containerd) -> None:
    neighbours = Neighbours(containerd.address)
    name = f"pier-test-{secrets.token_hex(4)}"
    neighbour = neighbours.get(name)
    assert neighbours.get(name) is neighbour
    assert not await neighbour.exists()
    await Namespaces(neighbour.client).ensure()
    assert await neighbour.exists()
    assert await neighbour.records.list() == []
    await neighbours.close()
