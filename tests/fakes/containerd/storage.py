"""The fake's snapshots, content, images, diffs and leases."""

import gzip
import hashlib
import io
import secrets
import tarfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from fakes.containerd.state import Blob, Snapshot, State, current_lease

from pier.domain.errors import Conflict, InvalidArgument, NotFound
from pier.domain.image import Descriptor, ImageRecord
from pier.domain.mount import FilesystemMount


class FakeSnapshots:
    """Mounts carry the key in their source, `/fake/<key>`, by which the fake diffs find the snapshot."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def snapshotter(self) -> str:
        return "overlayfs"

    def files(self, key: str) -> dict[str, bytes]:
        """What is to be seen in a snapshot, by path without a leading slash."""
        return files_of(self._state, key)

    def write_file(self, key: str, path: str, data: bytes) -> None:
        """Stands for a container's write into its root."""
        self._state.snapshots[key].files[path] = data

    async def prepare(self, key: str, parent: str, labels: Mapping[str, str] | None = None) -> list[FilesystemMount]:
        await self._state.enter("snapshots.prepare")
        return self._make(key, parent, "active", labels)

    async def view(self, key: str, parent: str) -> list[FilesystemMount]:
        await self._state.enter("snapshots.view")
        return self._make(key, parent, "view", None)

    async def mounts(self, key: str) -> list[FilesystemMount]:
        await self._state.enter("snapshots.mounts")
        if self._find(key).kind == "committed":
            raise NotFound(f"snapshot {key} is not active: not found")
        return _mounts(key)

    async def commit(self, name: str, key: str, labels: Mapping[str, str] | None = None) -> None:
        await self._state.enter("snapshots.commit")
        snapshot = self._find(key)
        if name in self._state.snapshots:
            raise Conflict(f"snapshot {name}: already exists")
        if snapshot.kind != "active":
            raise Conflict(f"snapshot {key} is not active")
        del self._state.snapshots[key]
        self._state.snapshots[name] = replace(snapshot, kind="committed", labels=dict(labels or {}))
        self._state.lease(("snapshot", name))
        self._state.changed()

    async def remove(self, key: str) -> None:
        await self._state.enter("snapshots.remove")
        self._find(key)
        if any(other.parent == key for other in self._state.snapshots.values()):
            raise Conflict(f"snapshot {key} has children: failed precondition")
        del self._state.snapshots[key]

    async def exists(self, key: str) -> bool:
        await self._state.enter("snapshots.exists")
        return key in self._state.snapshots

    async def parent(self, key: str) -> str:
        await self._state.enter("snapshots.parent")
        return self._find(key).parent

    async def usage(self, key: str) -> int:
        await self._state.enter("snapshots.usage")
        return sum(len(data) for data in self._find(key).files.values())

    async def list_keys(self) -> list[str]:
        await self._state.enter("snapshots.list_keys")
        return list(self._state.snapshots)

    async def list_layers(self) -> list[str]:
        await self._state.enter("snapshots.list_layers")
        return [key for key, snapshot in self._state.snapshots.items() if snapshot.kind == "committed"]

    def _find(self, key: str) -> Snapshot:
        if key not in self._state.snapshots:
            raise NotFound(f"snapshot {key}: not found")
        return self._state.snapshots[key]

    def _make(self, key: str, parent: str, kind: str, labels: Mapping[str, str] | None) -> list[FilesystemMount]:
        if key in self._state.snapshots:
            raise Conflict(f"snapshot {key}: already exists")
        if parent and self._find(parent).kind != "committed":
            raise InvalidArgument(f"parent {parent} is not committed")
        self._state.snapshots[key] = Snapshot(parent, kind, dict(labels or {}))
        self._state.lease(("snapshot", key))
        self._state.changed()
        return _mounts(key)


class FakeContent:
    def __init__(self, state: State) -> None:
        self._state = state

    async def size(self, digest: str) -> int | None:
        await self._state.enter("content.size")
        blob = self._state.blobs.get(digest)
        return None if blob is None else len(blob.data)

    async def labels(self, digest: str) -> Mapping[str, str]:
        await self._state.enter("content.labels")
        return dict(self._find(digest).labels)

    async def set_labels(self, digest: str, labels: Mapping[str, str]) -> None:
        await self._state.enter("content.set_labels")
        merged = {**self._find(digest).labels, **labels}
        self._find(digest).labels = {key: value for key, value in merged.items() if value}

    async def read(self, digest: str, *, limit: int = 8 << 20) -> bytes:
        await self._state.enter("content.read")
        data = self._find(digest).data
        if len(data) > limit:
            raise InvalidArgument(f"blob {digest} has {len(data)} bytes, more than the {limit} that are read at once")
        return data

    async def sizes(self) -> dict[str, int]:
        await self._state.enter("content.sizes")
        return {digest: len(blob.data) for digest, blob in self._state.blobs.items()}

    async def stream(self, digest: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        await self._state.enter("content.stream")
        data = self._find(digest).data
        for start in range(offset, len(data), 1 << 20):
            yield data[start : start + (1 << 20)]

    async def write(
        self,
        ref: str,
        chunks: AsyncIterator[bytes],
        *,
        expected: str = "",
        size: int = 0,
        labels: Mapping[str, str] | None = None,
    ) -> Descriptor:
        await self._state.enter("content.write")
        if expected not in self._state.blobs:
            data = b"".join([chunk async for chunk in chunks])
            digest = digest_of(data)
            if expected and digest != expected:
                raise InvalidArgument(f"unexpected commit digest {digest}, expected {expected}")
            if size and len(data) != size:
                raise InvalidArgument(f"{ref} failed size validation: {len(data)} != {size}")
            expected = store(self._state, data)
        self._state.lease(("content", expected))
        self._find(expected).labels.update(labels or {})
        self._state.changed()
        return Descriptor(media_type="", digest=expected, size=len(self._find(expected).data))

    async def delete(self, digest: str) -> None:
        await self._state.enter("content.delete")
        self._find(digest)
        del self._state.blobs[digest]

    def _find(self, digest: str) -> Blob:
        if digest not in self._state.blobs:
            raise NotFound(f"content {digest}: not found")
        return self._state.blobs[digest]


class FakeImageRecords:
    def __init__(self, state: State) -> None:
        self._state = state

    async def get(self, name: str) -> ImageRecord:
        await self._state.enter("images.get")
        if name not in self._state.images:
            raise NotFound(f"image {name}: not found")
        return self._state.images[name]

    async def put(self, record: ImageRecord) -> None:
        await self._state.enter("images.put")
        if not record.target.media_type:
            raise InvalidArgument("Target.MediaType must be set: invalid argument")
        now = next(self._state.clock)
        old = self._state.images.get(record.name)
        created = old.created_at if old else now
        self._state.images[record.name] = replace(record, created_at=created, updated_at=now)
        self._state.changed()

    async def delete(self, name: str, *, collect: bool = False) -> None:
        await self._state.enter("images.delete")
        if self._state.images.pop(name, None) is None:
            raise NotFound(f"image {name}: not found")
        if collect:
            self._state.collect()
        self._state.changed()

    async def list(self) -> list[ImageRecord]:
        await self._state.enter("images.list")
        return list(self._state.images.values())


class FakeDiffs:
    """Reads and writes real tars of plain files; whiteouts are not modelled."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def apply(self, layer: Descriptor, mounts: Sequence[FilesystemMount]) -> Descriptor:
        await self._state.enter("diffs.apply")
        if layer.digest not in self._state.blobs:
            raise NotFound(f"content {layer.digest}: not found")
        data = self._state.blobs[layer.digest].data
        if layer.media_type.endswith("gzip"):
            data = gzip.decompress(data)
        files = self._state.snapshots[_key_of(mounts)].files
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                if (content := archive.extractfile(member) if member.isfile() else None) is not None:
                    files[member.name.removeprefix("./").lstrip("/")] = content.read()
        return Descriptor(media_type=layer.media_type, digest=digest_of(data), size=len(data))

    async def compare(
        self, lower: Sequence[FilesystemMount], upper: Sequence[FilesystemMount], *, media_type: str, ref: str
    ) -> Descriptor:
        await self._state.enter("diffs.compare")
        before, after = files_of(self._state, _key_of(lower)), files_of(self._state, _key_of(upper))
        plain = _tar({path: data for path, data in after.items() if before.get(path) != data})
        data = gzip.compress(plain, mtime=0) if media_type.endswith("gzip") else plain
        digest = store(self._state, data)
        self._state.blobs[digest].labels["containerd.io/uncompressed"] = digest_of(plain)
        self._state.lease(("content", digest))
        self._state.changed()
        return Descriptor(media_type=media_type, digest=digest, size=len(data))


class FakeLeases:
    def __init__(self, state: State) -> None:
        self._state = state
        self._holders: Counter[str] = Counter()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[str]:
        await self._state.enter("leases.hold")
        lease = current_lease.get()
        if lease not in self._state.leases:
            lease = f"{name}-{secrets.token_hex(4)}"
            self._state.leases[lease] = set()
        assert lease is not None
        self._holders[lease] += 1
        token = current_lease.set(lease)
        try:
            yield lease
        finally:
            current_lease.reset(token)
            self._holders[lease] -= 1
            if not self._holders[lease]:
                self._state.leases.pop(lease, None)
                self._state.changed()

    @asynccontextmanager
    async def keep(self, name: str, digests: Iterable[str]) -> AsyncIterator[None]:
        await self._state.enter("leases.keep")
        lease = f"{name}-{secrets.token_hex(4)}"
        self._state.leases[lease] = {("content", digest) for digest in digests}
        self._holders[lease] += 1
        try:
            yield
        finally:
            self._state.leases.pop(lease, None)
            self._state.changed()

    async def end_stale(self) -> int:
        await self._state.enter("leases.end_stale")
        stale = [lease for lease in self._state.leases if lease not in self._holders]
        for lease in stale:
            del self._state.leases[lease]
        if stale:
            self._state.collect()
        return len(stale)

    async def collect(self) -> None:
        await self._state.enter("leases.collect")
        self._state.collect()


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def store(state: State, data: bytes) -> str:
    digest = digest_of(data)
    state.blobs.setdefault(digest, Blob(data))
    return digest


def files_of(state: State, key: str) -> dict[str, bytes]:
    snapshot = state.snapshots[key]
    return {**(files_of(state, snapshot.parent) if snapshot.parent else {}), **snapshot.files}


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _mounts(key: str) -> list[FilesystemMount]:
    return [FilesystemMount(type="bind", source=f"/fake/{key}", options=("rbind", "rw"))]


def _key_of(mounts: Sequence[FilesystemMount]) -> str:
    return mounts[0].source.removeprefix("/fake/")
