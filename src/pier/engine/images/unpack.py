"""Layers to snapshots, one on the other, each named by its chain id."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError, Unavailable
from pier.domain.image import MEDIA_TYPE_OCI_LAYER, Descriptor
from pier.domain.mount import FilesystemMount
from pier.engine.images.locks import KeyedLocks
from pier.engine.ports import Diffs, Snapshots
from pier.oci.image import chain_id_above, chain_ids
from pier.oci.media_types import layer_compression

_ATTEMPTS = 3
_CLEAN_UP_SECONDS = 10
# What a compressed layer may unpack to: anything up to the first, beyond it so many times its size.
FREELY = 1 << 30  # bytes
RATIO = 200
_LOOK_SECONDS = 2.0  # between two looks at how much has been unpacked

LayerStep = Callable[[int], Awaitable[None]]


async def _nothing(_: int) -> None:
    """A step that nobody wants to hear of."""


class Unpacker:
    """Applies layers in order; what another caller unpacks at this moment is waited for, not done twice."""

    def __init__(self, snapshots: Snapshots, diffs: Diffs) -> None:
        self._snapshots = snapshots
        self._diffs = diffs
        self._locks = KeyedLocks()

    @property
    def snapshotter(self) -> str:
        return self._snapshots.snapshotter

    async def present(self, diff_ids: Sequence[str]) -> int:
        """How many layers from the bottom are unpacked."""
        chain = chain_ids(diff_ids)
        for count in range(len(chain), 0, -1):
            if await self._snapshots.exists(chain[count - 1]):
                return count
        return 0

    async def unpack(
        self,
        layers: Sequence[Descriptor],
        diff_ids: Sequence[str],
        *,
        ready: LayerStep = _nothing,
        started: LayerStep = _nothing,
        finished: LayerStep = _nothing,
    ) -> None:
        """Unpacks what is missing, under the caller's lease; the caller's config must carry its snapshot label already,
        so that what exists cannot be collected meanwhile.

        `ready(n)` waits until layer n is in the content store: a layer is applied while those above still download.
        Raises InvalidArgument when a layer is not what the config says.
        """
        if len(layers) != len(diff_ids):
            raise InvalidArgument(f"the image has {len(layers)} layers but its config lists {len(diff_ids)}")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._climb(layers, diff_ids, ready, started, finished)
                return
            except NotFound:
                # A snapshot below was collected between our look and our use of it: it belonged to a flow that failed.
                if attempt == _ATTEMPTS:
                    raise

    async def _climb(
        self,
        layers: Sequence[Descriptor],
        diff_ids: Sequence[str],
        ready: LayerStep,
        started: LayerStep,
        finished: LayerStep,
    ) -> None:
        chain = chain_ids(diff_ids)
        done = await self.present(diff_ids)
        for number in range(done, len(layers)):
            await ready(number)
            await started(number)
            parent = chain[number - 1] if number else ""
            async with self._locks.hold(chain[number]):
                if not await self._snapshots.exists(chain[number]):
                    await self._apply(layers[number], parent, diff_ids[number])
            await finished(number)

    async def stack(self, layer: Descriptor, parent: str) -> str:
        """Unpacks a layer onto the one with the chain id `parent`, whatever its diff id is; the new chain id.

        Under the caller's lease, which alone holds it. Raises PierError for what cannot be unpacked there.
        """
        plain = layer.media_type == MEDIA_TYPE_OCI_LAYER
        known = chain_id_above(parent, layer.digest) if plain else ""
        async with self._locks.hold(known or f"{parent} {layer.digest}"):
            if known and await self._snapshots.exists(known):
                return known
            return await self._apply(layer, parent)

    async def _apply(self, layer: Descriptor, parent: str, expected: str = "") -> str:
        """The chain id. `expected` is the diff id that the image gives the layer."""
        key = f"extract-{secrets.token_hex(8)}-{layer.digest}"
        mounts = await self._snapshots.prepare(key, parent)
        chain_id = ""
        try:
            diff_id = (await self._apply_watched(layer, mounts, key)).digest
            if expected and diff_id != expected:
                raise InvalidArgument(
                    f"layer {layer.digest} is not what its image says: it unpacks to {diff_id}, not {expected}"
                )
            chain_id = chain_id_above(parent, diff_id)
            await self._snapshots.commit(chain_id, key)
        except BaseException as error:
            await self._discard(key)
            if isinstance(error, Conflict) and chain_id and await self._snapshots.exists(chain_id):
                return chain_id  # another client of containerd committed the same layer first
            raise
        return chain_id

    async def _apply_watched(self, layer: Descriptor, mounts: Sequence[FilesystemMount], key: str) -> Descriptor:
        """Gives up a layer that grows beyond measure. Raises InvalidArgument."""
        if not layer_compression(layer.media_type):
            return await self._diffs.apply(layer, mounts)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch(layer, key), name=f"watch {layer.digest}")
                applied = await self._diffs.apply(layer, mounts)
                watch.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        _require_measure(layer, applied.size)  # it may have grown so far, and ended, between two looks
        return applied

    async def _watch(self, layer: Descriptor, key: str) -> None:
        """Never returns."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(NotFound, Unavailable):
                _require_measure(layer, await self._snapshots.usage(key))

    async def _discard(self, key: str) -> None:
        with suppress(PierError, TimeoutError):  # the lease removes it later if this fails
            async with asyncio.timeout(_CLEAN_UP_SECONDS):
                await self._snapshots.remove(key)


def _require_measure(layer: Descriptor, unpacked: int) -> None:
    """Raises InvalidArgument for a compressed layer that became so many bytes."""
    if unpacked > max(FREELY, RATIO * layer.size):
        raise InvalidArgument(
            f"layer {layer.digest} unpacks to more than {RATIO} times its size, and more than {FREELY >> 20} MiB"
        )
