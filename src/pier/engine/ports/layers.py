"""Layers and blobs: snapshots, content, diffs, names of images, and leases that keep them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from pier.domain.image import Descriptor, ImageRecord
from pier.domain.mount import FilesystemMount


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
    async def parent(self, key: str) -> str:
        """The key of what it stands on; empty: nothing. Raises NotFound."""
        ...

    async def usage(self, key: str) -> int:
        """Bytes on disk of this snapshot alone, without its parents."""
        ...

    async def list_keys(self) -> list[str]: ...
    async def list_layers(self) -> list[str]:
        """The committed ones: chain ids."""
        ...


class LayerLimits(Protocol):
    """What the writable layers of containers may hold."""

    async def limit(self, layers: Sequence[FilesystemMount], size: int) -> None:
        """`size` in bytes, of an empty layer. Raises InvalidArgument where the file system cannot."""
        ...

    async def release(self, layers: Sequence[FilesystemMount]) -> None:
        """Before the layer is removed; one without a limit is no error."""
        ...


class Content(Protocol):
    """Blobs by digest."""

    async def size(self, digest: str) -> int | None:
        """None if there is no such blob (complete) in this namespace."""
        ...

    async def sizes(self) -> dict[str, int]:
        """Bytes of every blob in this namespace, by digest."""
        ...

    async def read(self, digest: str, *, limit: int = 8 << 20) -> bytes:
        """A whole small blob. Raises NotFound; InvalidArgument if it is larger than `limit`."""
        ...

    def stream(self, digest: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The blob's bytes in order, from `offset` on."""
        ...

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

    async def list(self) -> Sequence[ImageRecord]:
        """The same object as last time only if no record has changed since."""
        ...

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

    def keep(self, name: str, digests: Iterable[str]) -> AbstractAsyncContextManager[None]:
        """Blobs, and all that their labels refer to, are kept from garbage collection within the body, whoever takes
        their names away meanwhile. One that is not here is no error: who needs it looks inside whether it is.
        """
        ...

    async def end_stale(self) -> int:
        """Ends what a pierd before this one held when it died, and frees what only that kept; how many."""
        ...

    async def collect(self) -> None:
        """Has containerd collect garbage and waits for it (what prune ends with)."""
        ...


class Neighbour(Protocol):
    """Another namespace of the same containerd. Blobs that are in both lie on the disk once."""

    @property
    def content(self) -> Content: ...
    @property
    def records(self) -> ImageRecords: ...
    @property
    def leases(self) -> Leases: ...
    async def exists(self) -> bool: ...


class Neighbours(Protocol):
    def get(self, namespace: str) -> Neighbour:
        """By name; asking makes no such namespace."""
        ...
