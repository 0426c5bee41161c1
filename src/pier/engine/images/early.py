"""Layers unpacked while the rest of their archive is still read.

Which layer lies on which is certain only when the archive's tables have been read, and those often come last. Until
then the order is taken from what has come by: a config's diff ids, a manifest's layers, or the order of the files
themselves. What turns out wrong costs time but does no harm: each snapshot has the name that its content gives it, and
one that no image needs goes with the load's lease.
"""

import asyncio
import json
import posixpath
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pier.domain.errors import PierError
from pier.domain.image import MEDIA_TYPE_OCI_LAYER, MEDIA_TYPE_OCI_LAYER_GZIP, MEDIA_TYPE_OCI_LAYER_ZSTD, Descriptor
from pier.engine.images.blobs import store_bytes
from pier.engine.images.unpack import Unpacker
from pier.engine.ports import Content

_COMPRESSED = {b"\x1f\x8b": MEDIA_TYPE_OCI_LAYER_GZIP, b"\x28\xb5": MEDIA_TYPE_OCI_LAYER_ZSTD}
_ORDERS = 32  # at most, in an archive of many images
_LAYERS = 256  # in one order


def layer_type(head: bytes) -> str:
    """A layer's media type by its first bytes."""
    return _COMPRESSED.get(head[:2], MEDIA_TYPE_OCI_LAYER)


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file of the archive; `data` is there while it is kept in memory only."""

    path: str
    digest: str
    size: int
    head: bytes
    data: bytes | None = None


class EarlyUnpacking:
    """Told of files as they arrive, it unpacks those of which it knows all that lies below."""

    def __init__(self, unpacker: Unpacker, content: Content) -> None:
        self._unpacker = unpacker
        self._content = content
        self._arrived: dict[str, ArrivedFile] = {}
        self._in_sequence: list[str] = []
        self._orders: list[Sequence[str]] = [self._in_sequence]
        self._chains: dict[tuple[str, str], str] = {}  # (chain id below, blob) -> chain id; "": it cannot be unpacked
        self._current: tuple[str, str] | None = None
        self._news = asyncio.Event()
        self._settling = False
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Unpacks meanwhile; what is under way at the end is given up."""
        try:
            async with asyncio.TaskGroup() as group:
                self._task = group.create_task(self._run(), name="early unpacking")
                yield
                self._task.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def arrived(self, file: ArrivedFile) -> None:
        """A file is complete: in the content store, or in memory."""
        self._arrived[file.digest] = file
        if file.data is not None and file.data[:1] == b"{":
            self._learn(file.data)
        elif _is_layer_of_old(file.path) and len(self._in_sequence) < _LAYERS:
            self._in_sequence.append(file.digest)
        self._news.set()

    async def settle(self, orders: Iterable[Sequence[str]]) -> None:
        """Now the images are known, by the digests of their layers' blobs: finishes what is right and drops the rest.

        What could not be unpacked is left to be tried again, and to be complained of, when its image is made.
        """
        self._orders, self._settling = list(orders), True
        self._news.set()
        assert self._task is not None
        if self._current is not None and self._current not in self._wanted():
            self._task.cancel()
        await asyncio.wait([self._task])

    def _learn(self, data: bytes) -> None:
        order = _order_in(data)
        if order and len(order) <= _LAYERS and len(self._orders) < _ORDERS:
            self._orders.append(order)

    async def _run(self) -> None:
        while (step := self._next()) is not None or not self._settling:
            if step is None:
                self._news.clear()
                await self._news.wait()
                continue
            self._current = step
            try:
                self._chains[step] = await self._unpack(*step)
            except PierError:
                self._chains[step] = ""
            self._current = None

    def _next(self) -> tuple[str, str] | None:
        """The first layer that is here and not yet unpacked, while all below it are."""
        return next((step for step in self._wanted() if step not in self._chains and step[1] in self._arrived), None)

    def _wanted(self) -> list[tuple[str, str]]:
        """Of each order, the steps done and the one after them."""
        steps = []
        for order in self._orders:
            chain = ""
            for digest in order:
                steps.append((chain, digest))
                chain = self._chains.get((chain, digest), "")
                if not chain:
                    break
        return steps

    async def _unpack(self, parent: str, digest: str) -> str:
        file = self._arrived[digest]
        if file.data is not None:
            await store_bytes(self._content, file.data)
        layer = Descriptor(media_type=layer_type(file.head), digest=digest, size=file.size)
        return await self._unpacker.stack(layer, parent)


def _is_layer_of_old(path: str) -> bool:
    """A docker archive's `<id>/layer.tar` or `<digest>.tar`; an OCI layout's blobs lie in no order."""
    return posixpath.splitext(path)[1] == ".tar"


def _order_in(document: bytes) -> list[str]:
    """The layers that a config (by diff id: a plain tar's digest) or a manifest names; none in other documents."""
    try:
        found = json.loads(document)
        if isinstance(found.get("rootfs"), dict):
            order = found["rootfs"].get("diff_ids")
        else:
            order = [layer["digest"] for layer in found.get("layers") or []]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return order if isinstance(order, list) and all(isinstance(digest, str) for digest in order) else []
