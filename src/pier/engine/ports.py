"""What the engine needs of the world, said as Protocols. Adapters fit them without importing this module.

Only Protocols live here; the values that cross a port live in `pier.domain`. Errors are `pier.domain.errors`.
That an adapter fits is checked by mypy where `pier.daemon` hands it over.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from pier.domain.archive import ArchiveMember, FileChange, PathStat, Root, RootMount
from pier.domain.container import Container, LogConfig
from pier.domain.event import Event
from pier.domain.image import Descriptor, ImageRecord
from pier.domain.mount import FilesystemMount
from pier.domain.network import (
    Endpoint,
    EndpointRequest,
    InterfaceCounters,
    NameServer,
    Network,
    PortRequest,
    PublishedPort,
)
from pier.domain.record import Change, Stored
from pier.domain.registry import RegistryAuth
from pier.domain.runtime import (
    ContainerObject,
    HostFacts,
    ProcessUser,
    ResourceSample,
    RuntimeChoice,
    RuntimeEvent,
    Stdio,
    TaskExit,
    TaskState,
)
from pier.domain.volume import Volume


class Records(Protocol):
    """The durable memory of the engine."""

    async def load(self) -> Stored: ...
    async def commit(self, changes: Sequence[Change], *, durable: bool = False) -> None:
        """All or nothing, in order of the calls; `durable` also survives a power cut, not only a killed pierd."""
        ...

    async def events(self, since: int, until: int) -> list[Event]:
        """The recorded events with since <= time <= until, oldest first."""
        ...


class Tasks(Protocol):
    """Processes, as containerd's task service runs them. An unknown task is NotFound."""

    async def create(
        self, container_id: str, *, rootfs: Sequence[FilesystemMount], stdio: Stdio, runtime: RuntimeChoice
    ) -> int:
        """Runs the shim and `runc create`; the pid of the container's init, which waits for start.

        Raises StartFailed when the OCI runtime refuses.
        """
        ...

    async def start(self, container_id: str, exec_id: str = "") -> int:
        """The pid. Raises StartFailed when the OCI runtime refuses."""
        ...

    async def add_exec(self, container_id: str, exec_id: str, process: Mapping[str, object], stdio: Stdio) -> None: ...
    async def kill(self, container_id: str, signal: int, *, exec_id: str = "", everyone: bool = False) -> None: ...
    async def delete(self, container_id: str, exec_id: str = "") -> TaskExit: ...
    async def pause(self, container_id: str) -> None: ...
    async def resume(self, container_id: str) -> None: ...
    async def resize(self, container_id: str, *, width: int, height: int, exec_id: str = "") -> None: ...
    async def close_stdin(self, container_id: str, exec_id: str = "") -> None: ...
    async def update(self, container_id: str, resources: Mapping[str, object]) -> None: ...
    async def pids(self, container_id: str) -> list[int]: ...
    async def get(self, container_id: str, exec_id: str = "") -> TaskState: ...
    async def list(self) -> list[TaskState]: ...


class ContainerObjects(Protocol):
    """containerd's container metadata."""

    async def create(self, container: ContainerObject) -> None: ...
    async def delete(self, container_id: str) -> None: ...
    async def list_ids(self) -> list[str]: ...


class Snapshots(Protocol):
    """Layered root file systems. Keys are a container's id (writable) or a layer's chain id (committed)."""

    @property
    def snapshotter(self) -> str: ...
    async def prepare(
        self, key: str, parent: str, labels: Mapping[str, str] | None = None
    ) -> list[FilesystemMount]: ...
    async def view(self, key: str, parent: str) -> list[FilesystemMount]: ...
    async def mounts(self, key: str) -> list[FilesystemMount]: ...
    async def commit(self, name: str, key: str, labels: Mapping[str, str] | None = None) -> None: ...
    async def remove(self, key: str) -> None: ...
    async def exists(self, key: str) -> bool: ...
    async def usage(self, key: str) -> int:
        """Bytes on disk of this snapshot alone, without its parents."""
        ...

    async def list_keys(self) -> list[str]: ...


class Content(Protocol):
    """Blobs by digest."""

    async def size(self, digest: str) -> int | None:
        """None if there is no such blob (complete) in this namespace."""
        ...

    async def read(self, digest: str, *, limit: int = 8 << 20) -> bytes:
        """A whole small blob. Raises NotFound; InvalidArgument if it is larger than `limit`."""
        ...

    def stream(self, digest: str) -> AsyncIterator[bytes]: ...
    async def write(
        self,
        ref: str,
        chunks: AsyncIterator[bytes],
        *,
        expected: str = "",
        size: int = 0,
        labels: Mapping[str, str] | None = None,
    ) -> Descriptor:
        """Stores a blob and returns its digest and size (media_type empty). A blob that is there already is no error.

        `ref` names the ingest; `expected` and `size`, where given, are verified (InvalidArgument when they differ).
        """
        ...

    async def set_labels(self, digest: str, labels: Mapping[str, str]) -> None:
        """Adds or replaces these labels, leaving others alone; an empty value removes one."""
        ...

    async def labels(self, digest: str) -> Mapping[str, str]: ...


class ImageRecords(Protocol):
    """containerd's image store: names that point to manifests."""

    async def list(self) -> list[ImageRecord]: ...
    async def get(self, name: str) -> ImageRecord: ...
    async def put(self, record: ImageRecord) -> None:
        """Creates or moves the name."""
        ...

    async def delete(self, name: str, *, collect: bool = False) -> None:
        """Forgets the name; `collect` waits until containerd's garbage collection has run."""
        ...


class Diffs(Protocol):
    async def apply(self, layer: Descriptor, mounts: Sequence[FilesystemMount]) -> Descriptor:
        """Unpacks a layer onto a mounted snapshot; the reply's digest is the layer's diff id."""
        ...

    async def compare(
        self, lower: Sequence[FilesystemMount], upper: Sequence[FilesystemMount], *, media_type: str, ref: str
    ) -> Descriptor:
        """Stores the difference as a layer blob; its label `containerd.io/uncompressed` holds the diff id."""
        ...


class Leases(Protocol):
    def hold(self, name: str) -> AbstractAsyncContextManager[str]:
        """Everything made inside, in this task and its children, is kept from garbage collection until the end.

        The lease expires by itself a day later should pierd die. The value is the lease's id.
        """
        ...

    async def collect(self) -> None:
        """Has containerd collect garbage and waits for it (what prune ends with)."""
        ...


class RuntimeEvents(Protocol):
    def subscribe(self) -> AsyncIterator[RuntimeEvent]:
        """Never ends: reconnects by itself and yields Connected each time the stream is up (again)."""
        ...


class Containerd(Protocol):
    """Facts about the containerd at the other end."""

    async def version(self) -> tuple[str, str]:
        """(version, revision). Raises Unavailable when it does not answer."""
        ...

    async def prepare(self) -> None:
        """Makes what Pier needs to be there (its namespace); called after each connect."""
        ...


class Output(Protocol):
    """One reader of a process's live output."""

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        """(1 stdout or 2 stderr, bytes) until all writers have closed and all bytes were delivered."""
        ...

    def close(self) -> None: ...


class Stream(Protocol):
    """The three streams of one process, from before it is created until its last byte is read."""

    @property
    def stdio(self) -> Stdio: ...
    def attach(self, *, stdout: bool = True, stderr: bool = True) -> Output:
        """A new reader that gets every byte from now on; before the process starts that is from its first byte."""
        ...

    async def write_stdin(self, data: bytes) -> None:
        """Waits while the process does not read. A process that is gone is Conflict."""
        ...

    async def close_stdin(self) -> None: ...
    async def finish(self) -> None:
        """Called once the task is deleted: waits (bounded) until every byte is read and in the log, then frees all."""
        ...

    async def abandon(self) -> None:
        """Called when the process was never created: frees all, keeps nothing."""
        ...


class Streams(Protocol):
    """Makes and finds streams; all of a container's live under its id, so that a reconciler finds what is left."""

    async def open(
        self,
        container_id: str,
        exec_id: str = "",
        *,
        stdin: bool,
        terminal: bool,
        log: LogConfig | None,
        log_path: str,
        container: Container | None = None,
    ) -> Stream:
        """FIFOs, spool and log of a process about to be created. No `log`: nothing is kept (execs, driver none).

        `container` is where the log options labels, env and tag take their values from; they need it.
        """
        ...

    async def reopen(
        self,
        container_id: str,
        exec_id: str = "",
        *,
        stdin: bool,
        terminal: bool,
        log: LogConfig | None,
        log_path: str,
        container: Container | None = None,
    ) -> Stream:
        """The same for a process that is running, or has ended, since pierd died: nothing is lost or repeated.

        For one that has ended too: finish() then brings its last output into the log.
        """
        ...

    async def discard(self, container_id: str) -> None:
        """Removes what a dead container may have left (FIFOs, spool, keeper's descriptors)."""
        ...

    async def list_ids(self) -> list[str]: ...


class LogLine(Protocol):
    @property
    def stream(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def text(self) -> bytes:
        """With its newline, unless the line was longer than 16 KiB and goes on in the next."""
        ...

    @property
    def attributes(self) -> Mapping[str, str]: ...


class Logs(Protocol):
    """Reads what a log driver wrote."""

    def check(self, config: LogConfig) -> None:
        """Raises InvalidArgument for an unknown driver or option."""
        ...

    def read(
        self,
        config: LogConfig,
        log_path: str,
        *,
        stdout: bool,
        stderr: bool,
        since: int = 0,
        until: int = 0,
        tail: int = -1,
        follow: Callable[[], bool] | None = None,
    ) -> AsyncIterator[Sequence[LogLine]]:
        """Batches of lines, oldest first; `tail` -1: all.

        `follow` says whether the container still runs: the iterator ends when it does not and all is read.

        Raises Unsupported for a driver that cannot be read (none).
        """
        ...

    async def remove(self, log_path: str) -> None: ...


class Networks(Protocol):
    """Links, addresses, rules and ports of this host."""

    async def start(self, networks: Sequence[Network], endpoints: Mapping[str, Sequence[Endpoint]]) -> None:
        """Brings the host in line with the records: bridges and rules made, addresses and ports in use taken.

        `endpoints` are those of running containers, by container id. Call once before anything else; idempotent.
        """
        ...

    async def run(self) -> None:
        """What must go on all the time: passes on questions of containers that other DNS servers must answer.

        Never returns; ends when cancelled.
        """
        ...

    async def stop(self) -> None:
        """Frees pierd's own resources; what running containers need stays."""
        ...

    async def refresh(self) -> None:
        """Puts back rules that others have removed, and follows other firewalls that began to drop."""
        ...

    async def default_pool(self, taken: Sequence[Network]) -> str:
        """The next free private subnet by the host's routes and the given networks: `172.18.0.0/16`."""
        ...

    async def create(self, network: Network) -> Network:
        """Makes the bridge; fills in what was left open (pools, gateway, name). Raises Conflict, InvalidArgument."""
        ...

    async def remove(self, network: Network) -> None: ...

    async def open_netns(self, container_id: str, sysctls: Mapping[str, str]) -> str:
        """Makes a network namespace with `lo` up; the path it is bound to."""
        ...

    async def close_netns(self, container_id: str) -> None:
        """Drops it with all links in it; absent is no error."""
        ...

    def netns_path(self, container_id: str) -> str: ...
    async def connect(
        self, container_id: str, network: Network, request: EndpointRequest, *, endpoint_id: str, interface: str
    ) -> Endpoint:
        """Takes an address, makes the veth pair, configures the inner end, sets routes. Undone by disconnect."""
        ...

    async def disconnect(self, container_id: str, endpoint: Endpoint) -> None:
        """Frees the endpoint's names, address and ports; the link goes with the netns. Idempotent."""
        ...

    async def unplug(self, container_id: str, endpoint: Endpoint) -> None:
        """The same while the container runs on: its interface loses its addresses at once and goes soon after.

        The default route goes to the network that comes next. Idempotent. Raises NotFound without a netns.
        """
        ...

    async def serve_names(
        self, container_id: str, endpoints: Sequence[Endpoint], servers: Sequence[NameServer]
    ) -> None:
        """Makes a container with a netns known by its endpoints' `dns_names`, to those on the same networks.

        While it has any it has a resolver of its own at 127.0.0.11 that knows the others' names and asks `servers` all
        else. Done again it replaces what was said before; disconnect, unplug and close_netns take names away.
        """
        ...

    async def publish(
        self, container_id: str, endpoint: Endpoint, ports: Sequence[PortRequest]
    ) -> tuple[PublishedPort, ...]:
        """Reserves the host ports and programs the rules. Raises Conflict when one is taken; then none is published."""
        ...

    async def counters(self, container_id: str) -> list[InterfaceCounters]: ...
    async def list_netns(self) -> list[str]: ...


class Volumes(Protocol):
    """The local volume driver."""

    async def create(self, volume: Volume) -> Volume: ...
    async def remove(self, volume: Volume) -> None: ...
    async def is_empty(self, volume: Volume) -> bool: ...
    async def size(self, volume: Volume) -> int: ...


class Host(Protocol):
    """Files and facts of this host that belong to no other adapter."""

    async def facts(self) -> HostFacts: ...
    async def sample(self, cgroup_path: str, pid: int) -> ResourceSample:
        """One reading of a running container's cgroup. Raises NotFound when it is gone."""
        ...

    async def cgroup_path(self, pid: int) -> str:
        """The path a process is really in (v2, or v1's memory hierarchy), from /proc/<pid>/cgroup."""
        ...

    async def remove_cgroup(self, cgroup_path: str) -> None:
        """Removes a dead container's leftover cgroup in every hierarchy; absent is no error."""
        ...

    async def list_shims(self) -> list[str]:
        """The ids of the containers of our namespace that have a shim, a process beside containerd for each task."""
        ...

    async def end_lost_shim(self, container_id: str) -> bool:
        """Ends the shim of a container that containerd knows no task of; False if there is none.

        containerd leaves one running when its client goes away while it makes or deletes a task.
        """
        ...

    async def processes(self, pids: Iterable[int], ps_args: str) -> tuple[list[str], list[list[str]]]:
        """Titles and rows of ps(1) for these pids.

        Raises InvalidArgument when `ps_args` rename the PID column; PierError (500, as in dockerd) when there is none.
        """
        ...

    async def look_up_user(
        self, user: str, groups: Sequence[str], *, rootfs: Sequence[FilesystemMount] = (), pid: int = 0
    ) -> ProcessUser:
        """Resolves `user[:group]` and further groups in the files of a root: a snapshot's, or a running process's.

        Raises NotFound for a name that is not there.
        """
        ...

    def running_root(
        self, pid: int, cgroup_path: str, mounts: Sequence[RootMount] = ()
    ) -> AbstractAsyncContextManager[Root]:
        """The files of the container whose init is `pid`, with these of its mounts and no others.

        Raises NotFound when it has ended.
        """
        ...

    def stopped_root(
        self,
        layers: Sequence[FilesystemMount],
        mounts: Sequence[RootMount] = (),
        *,
        writable: bool = False,
        read_only_root: bool = False,
    ) -> AbstractAsyncContextManager[Root]:
        """The files of a container that does not run: its snapshot, and what is mounted in it.

        With `writable` missing mount points are made, and nobody else may mount the snapshot meanwhile. Without,
        nothing can be written, and mounts whose mount point is missing are left out (`lacking`).
        """
        ...

    async def changes(self, layers: Sequence[FilesystemMount], hidden: Collection[str]) -> list[FileChange]:
        """What a container's writable layer changed against its image, sorted by path.

        `hidden` are mount points of the engine's, left out while empty. Raises Unsupported for a snapshotter that
        does not tell.
        """
        ...

    async def copy_up(self, rootfs: Sequence[FilesystemMount], path: str, destination: str) -> None:
        """Copies a directory of an image's root, with owners and modes, into an empty volume; absent is no error."""
        ...

    async def container_files(
        self, container_id: str, *, hostname: str, hosts: str | None, resolv_conf: str | None
    ) -> Mapping[str, str]:
        """Writes hostname, hosts and resolv.conf in place; None copies the host's. Paths by name."""
        ...

    async def change_hosts(self, container_id: str, *, added: Sequence[str] = (), removed: Sequence[str] = ()) -> None:
        """Takes lines out of a container's hosts file and appends others, in place; what it wrote itself stays."""
        ...

    async def write_resolv_conf(self, container_id: str, text: str) -> None: ...
    async def host_resolv_conf(self) -> str: ...
    async def remove_container_files(self, container_id: str) -> None: ...
    async def ensure_directory(self, path: str) -> bool:
        """Makes a missing directory (0755, root) for a bind; False if it was there."""
        ...

    async def path_exists(self, path: str) -> bool: ...
    async def device_numbers(self, path: str) -> list[tuple[str, str, int, int, int, int, int]]:
        """(path below, type `c` or `b`, major, minor, mode, uid, gid) of a device or of all in a directory."""
        ...


class RegistrySession(Protocol):
    """One user's conversation with remote registries (OCI distribution-spec); its tokens die with it.

    `repository` has its domain: `127.0.0.1:5000/inv/big`.
    """

    async def head(self, repository: str, reference: str) -> Descriptor | None:
        """What a tag or digest names, without fetching it; None where the registry does not say, or has no such."""
        ...

    async def resolve(self, repository: str, reference: str) -> tuple[Descriptor, bytes]:
        """The manifest or index that a tag or digest names, verified. NotFound, Unauthenticated, Unavailable."""
        ...

    def blob(self, repository: str, descriptor: Descriptor, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The blob's bytes. The caller verifies them (content is ingested with an expected digest)."""
        ...

    async def tags(self, repository: str) -> list[str]: ...


class Registry(Protocol):
    def session(self, auth: RegistryAuth) -> RegistrySession: ...
    async def close(self) -> None: ...


class ArchiveEntry(Protocol):
    """A member of an archive being read; `path` is relative and climbs nowhere, `target` is a link's as written."""

    path: str
    kind: Literal["file", "directory", "symlink", "hardlink"]
    size: int
    target: str

    def data(self) -> AsyncIterator[bytes]:
        """The file's bytes; may be read once, and only until the next entry is asked for."""
        ...


class Archives(Protocol):
    """Tar streams. Damaged, truncated and hostile ones raise InvalidArgument while they are read."""

    def read(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[ArchiveEntry]:
        """The members of a tar, compressed or not; devices, doubled and escaping paths are refused."""
        ...

    def write(self, members: AsyncIterator[ArchiveMember]) -> AsyncIterator[bytes]: ...
    def decompress(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The stream without its compression, if it has one. Raises Unsupported for zstd."""
        ...


class Copies(Protocol):
    """Files of a container in and out as tar streams. No link, of the container or of an archive, leads out."""

    async def stat(self, root: Root, path: str) -> PathStat:
        """What lies at a path, a link at its end not followed. Raises NotFound, InvalidArgument."""
        ...

    async def pack(self, root: Root, path: str) -> tuple[PathStat, AsyncIterator[bytes]]:
        """What lies at a path, and a tar of it, made while it is read; the root may be closed at once.

        Raises NotFound, InvalidArgument.
        """
        ...

    def pack_all(self, root: Root) -> AsyncIterator[bytes]:
        """A tar of everything in the root, which may be closed at once."""
        ...

    async def unpack(
        self,
        root: Root,
        path: str,
        chunks: AsyncIterator[bytes],
        *,
        no_overwrite: bool = False,
        owner: tuple[int, int] | None = None,
    ) -> None:
        """Unpacks a tar, compressed or not, into the directory at `path`, and reads the stream to its end.

        `no_overwrite`: a directory takes no file's place and no file a directory's. `owner` (uid, gid) instead of
        what the archive says. Raises NotFound, InvalidArgument (no directory, read-only), PierError for a bad archive.
        """
        ...
