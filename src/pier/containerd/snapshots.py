"""containerd's snapshot service: root file systems made of layers."""

from collections.abc import Mapping

from google.protobuf.empty_pb2 import Empty
from pier_grpc import snapshots_pb2 as pb

from pier.containerd.client import BULK_TIMEOUT, Client, Method
from pier.containerd.errors import translated
from pier.containerd.messages import mounts_of
from pier.domain.errors import NotFound
from pier.domain.mount import FilesystemMount

_SERVICE = "/containerd.services.snapshots.v1.Snapshots/"
_PREPARE = Method(_SERVICE + "Prepare", pb.PrepareSnapshotRequest, pb.PrepareSnapshotResponse)
_VIEW = Method(_SERVICE + "View", pb.ViewSnapshotRequest, pb.ViewSnapshotResponse)
_MOUNTS = Method(_SERVICE + "Mounts", pb.MountsRequest, pb.MountsResponse)
_COMMIT = Method(_SERVICE + "Commit", pb.CommitSnapshotRequest, Empty)
_REMOVE = Method(_SERVICE + "Remove", pb.RemoveSnapshotRequest, Empty)
_STAT = Method(_SERVICE + "Stat", pb.StatSnapshotRequest, pb.StatSnapshotResponse)
_LIST = Method(_SERVICE + "List", pb.ListSnapshotsRequest, pb.ListSnapshotsResponse)
_USAGE = Method(_SERVICE + "Usage", pb.UsageRequest, pb.UsageResponse)


class Snapshots:
    """One snapshotter's snapshots in our namespace. Unknown keys are NotFound, taken ones Conflict.

    What no container object, image or lease refers to, containerd removes at its next garbage collection.
    """

    def __init__(self, client: Client, snapshotter: str = "overlayfs") -> None:
        self._client = client
        self._snapshotter = snapshotter

    @property
    def snapshotter(self) -> str:
        return self._snapshotter

    async def prepare(self, key: str, parent: str, labels: Mapping[str, str] | None = None) -> list[FilesystemMount]:
        """A writable snapshot on top of `parent` (a committed one; empty: nothing)."""
        request = pb.PrepareSnapshotRequest(snapshotter=self._snapshotter, key=key, parent=parent, labels=labels)
        return mounts_of((await self._client.call(_PREPARE, request, what=f"prepare snapshot {key}")).mounts)

    async def view(self, key: str, parent: str) -> list[FilesystemMount]:
        """A read-only snapshot of `parent`, to be removed like any other."""
        request = pb.ViewSnapshotRequest(snapshotter=self._snapshotter, key=key, parent=parent)
        return mounts_of((await self._client.call(_VIEW, request, what=f"view snapshot {parent}")).mounts)

    async def mounts(self, key: str) -> list[FilesystemMount]:
        request = pb.MountsRequest(snapshotter=self._snapshotter, key=key)
        return mounts_of((await self._client.call(_MOUNTS, request, what=f"mount snapshot {key}")).mounts)

    async def commit(self, name: str, key: str, labels: Mapping[str, str] | None = None) -> None:
        """Turns the writable snapshot `key` into the read-only `name`, a parent for others."""
        request = pb.CommitSnapshotRequest(snapshotter=self._snapshotter, name=name, key=key, labels=labels)
        await self._client.call(_COMMIT, request, what=f"commit snapshot {key}", timeout=BULK_TIMEOUT)

    async def remove(self, key: str) -> None:
        """Conflict while other snapshots stand on it."""
        request = pb.RemoveSnapshotRequest(snapshotter=self._snapshotter, key=key)
        await self._client.call(_REMOVE, request, what=f"remove snapshot {key}")

    async def exists(self, key: str) -> bool:
        try:
            await self.parent(key)
        except NotFound:
            return False
        return True

    async def parent(self, key: str) -> str:
        """The key of what it stands on; empty: nothing."""
        request = pb.StatSnapshotRequest(snapshotter=self._snapshotter, key=key)
        return (await self._client.call(_STAT, request, what=f"look at snapshot {key}")).info.parent

    async def usage(self, key: str) -> int:
        """Bytes on disk of this snapshot alone; a writable one is walked, which takes its time."""
        request = pb.UsageRequest(snapshotter=self._snapshotter, key=key)
        reply = await self._client.call(_USAGE, request, what=f"measure snapshot {key}", timeout=BULK_TIMEOUT)
        return reply.size

    async def list_keys(self) -> list[str]:
        with translated("list snapshots", socket=self._client.address):
            call = self._client.stream(_LIST, pb.ListSnapshotsRequest(snapshotter=self._snapshotter))
            return [info.name async for reply in call for info in reply.info]

    async def list_layers(self) -> list[str]:
        """The committed ones only."""
        with translated("list snapshots", socket=self._client.address):
            call = self._client.stream(_LIST, pb.ListSnapshotsRequest(snapshotter=self._snapshotter))
            return [info.name async for reply in call for info in reply.info if info.kind == pb.COMMITTED]
