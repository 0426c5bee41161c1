"""One store with the host: images of other containerd namespaces, used here and shared there."""

import logging
import secrets
from collections.abc import Mapping, Sequence

from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.image import Descriptor, Image, ImageRecord
from pier.domain.reference import Reference, parse
from pier.engine.images.names import user_reference
from pier.engine.images.plain import plain_form
from pier.engine.images.publish import image_attributes
from pier.engine.images.tools import Tools
from pier.engine.images.transplant import transplant
from pier.engine.ports import Neighbour, Neighbours

_log = logging.getLogger(__name__)
_SHARED = "pier/shared"  # label of the records that Pier has put into another namespace
KUBERNETES = "k8s.io"
# containerd's CRI plugin: an image it looks after, and one that the kubelet's garbage collection leaves alone.
_CRI_LABELS = {"io.cri-containerd.image": "managed", "io.cri-containerd.pinned": "pinned"}


class Neighbourhood:
    """`namespaces` are those whose images are used here; they are only read."""

    def __init__(self, tools: Tools, neighbours: Neighbours, namespaces: Sequence[str]) -> None:
        self._tools = tools
        self._neighbours = neighbours
        self._namespaces = tuple(namespaces)

    async def adopt(self, ref: str) -> bool:
        """Takes over an image that one of the namespaces has under this name, with all its content, and unpacks it.

        False where none has it whole: then a pull fetches what is missing.
        """
        reference = _name_or_none(ref)
        if reference is None:
            return False
        for namespace in self._namespaces:
            try:
                neighbour = self._neighbours.get(namespace)
                record = await neighbour.records.get(reference.canonical)
                await self._take(neighbour, record.target, reference)
            except NotFound:
                continue
            except PierError as error:
                _log.warning("cannot use %s of the namespace %s: %s", ref, namespace, error.message)
                continue
            _log.info("%s is used from the containerd namespace %s", ref, namespace)
            return True
        return False

    async def _take(self, neighbour: Neighbour, target: Descriptor, name: Reference) -> None:
        tools = self._tools
        async with tools.leases.hold(f"adopt-{secrets.token_hex(8)}"):
            await transplant(neighbour.content, tools.content, target, tools.unpacker.snapshotter)
            tools.store.forget(target)
            image = await tools.store.read_target(target)
            await tools.unpacker.unpack(image.layers, image.diff_ids)
            bare = Descriptor(media_type=target.media_type, digest=target.digest, size=target.size)
            await tools.store.assign(name.canonical, bare)
            if not name.digest:
                await tools.store.assign(name.with_digest(target.digest).canonical, bare)
            await tools.publish("image", "load", image.id, image_attributes(image, name.familiar))

    async def share(self, ref: str, namespace: str) -> Image:
        """Makes an image known in another namespace, under all its names. Raises NotFound, InvalidArgument, Conflict
        where a name means something else there.
        """
        neighbour, image, records = await self._find(ref, namespace)
        if not records:
            raise InvalidArgument(f"{ref} has no name that it could have in the namespace {namespace}: tag it first")
        await self._require_free(neighbour, records, namespace)
        labels = {_SHARED: "true", **(_CRI_LABELS if namespace == KUBERNETES else {})}
        tools = self._tools
        async with neighbour.leases.hold(f"share-{secrets.token_hex(8)}"):
            for target in {record.target.digest: record.target for record in records}.values():
                await transplant(tools.content, neighbour.content, target, tools.unpacker.snapshotter)
            for name, target in self._names(image, records, namespace).items():
                found = await _record(neighbour, name)
                if found is None or _SHARED in found.labels:  # what they have themselves stays theirs
                    await neighbour.records.put(ImageRecord(name=name, target=target, labels=labels))
        return image

    async def unshare(self, ref: str, namespace: str) -> Image:
        """Takes back what `share` did. Raises NotFound, Conflict where nothing of it was shared."""
        neighbour, image, records = await self._find(ref, namespace)
        going = []
        for name in self._names(image, records, namespace):
            found = await _record(neighbour, name)
            if found is not None and _SHARED in found.labels:
                going.append(name)
        if not going:
            raise Conflict(f"{ref} is not shared with the namespace {namespace}")
        for number, name in enumerate(going, start=1):
            await neighbour.records.delete(name, collect=number == len(going))
        return image

    async def _find(self, ref: str, namespace: str) -> tuple[Neighbour, Image, list[ImageRecord]]:
        image = await self._tools.store.get(ref)
        neighbour = self._neighbours.get(namespace)
        if not await neighbour.exists():
            raise NotFound(f"no such containerd namespace: {namespace}")
        records = await self._tools.store.records_of(image.id)
        named = [record for record in records if user_reference(record.name) is not None]
        # Digests that a push has made name layers that are not here.
        whole = [item for item in named if await plain_form(self._tools.content, item.target) is item.target]
        return neighbour, image, whole

    def _names(self, image: Image, records: Sequence[ImageRecord], namespace: str) -> Mapping[str, Descriptor]:
        """CRI looks images up by their id, which must be there before their names."""
        names = {record.name: record.target for record in records}
        return {image.id: records[0].target, **names} if namespace == KUBERNETES and records else names

    async def _require_free(self, neighbour: Neighbour, records: Sequence[ImageRecord], namespace: str) -> None:
        for record in records:
            found = await _record(neighbour, record.name)
            if found is not None and found.target.digest != record.target.digest and _SHARED not in found.labels:
                raise Conflict(
                    f"{record.name} is another image in the namespace {namespace}; share this one under another name"
                )


async def _record(neighbour: Neighbour, name: str) -> ImageRecord | None:
    try:
        return await neighbour.records.get(name)
    except NotFound:
        return None


def _name_or_none(ref: str) -> Reference | None:
    """An id is no name: what has none here has none there."""
    try:
        return parse(ref)
    except InvalidArgument:
        return None
