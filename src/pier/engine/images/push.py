"""`docker push`: images to a registry, which is given only what it lacks."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from pier.domain.errors import NotFound
from pier.domain.ids import short
from pier.domain.image import Descriptor, ImageRecord, Platform
from pier.domain.reference import Reference, parse
from pier.domain.registry import BlobPush, Progress, RegistryAuth
from pier.engine.images.labels import source_labels, sources_of
from pier.engine.images.outgoing import Packer, Parcel, Shipment, layer_names, read_blob
from pier.engine.images.progress import Reporter
from pier.engine.images.tools import Tools
from pier.engine.ports import Content, RegistrySession
from pier.engine.together import together
from pier.oci.media_types import is_index

_HINT_SECONDS = 0.1  # between two counts of bytes for one layer


class Pusher:
    def __init__(self, tools: Tools) -> None:
        self._registry = tools.registry
        self._content = tools.content
        self._leases = tools.leases
        self._store = tools.store
        self._packer = Packer(tools.content, tools.archives)
        self._publish = tools.publish
        self._uploads = tools.uploads

    async def push(self, name: Reference, platform: Platform | None, auth: RegistryAuth, reporter: Reporter) -> None:
        """`name` without a tag: all tags of the repository.

        Raises NotFound for names and platforms that are not here; Unauthenticated, PermissionDenied, Unavailable and
        PierError as the registry answers.
        """
        await reporter.report(Progress(status=f"The push refers to repository [{name.repository}]"))
        session = self._registry.session(auth)
        for record in await self._records(name):
            async with self._leases.hold(f"push-{secrets.token_hex(8)}"):
                await self._push(session, record, platform, reporter)

    async def _records(self, name: Reference) -> list[ImageRecord]:
        records = await self._store.named(name.repository)
        if not records:
            raise NotFound(f"An image does not exist locally with the tag: {name.familiar_repository}")
        if not name.tag:
            return records
        found = [record for record in records if record.name == name.canonical]
        if not found:
            raise NotFound(f"tag does not exist: {name.familiar}")
        return found

    async def _push(
        self, session: RegistrySession, record: ImageRecord, platform: Platform | None, reporter: Reporter
    ) -> None:
        name = parse(record.name)
        shipment = await self._pack(record, platform, name, reporter)
        await _Delivery(session, self._content, name, reporter, self._uploads).run(shipment)
        await self._remember(record, name, shipment)
        target = shipment.target
        line = f"{name.tag}: digest: {target.digest} size: {target.size}"
        await reporter.report(Progress(status=line))
        await reporter.report(Progress(aux={"Tag": name.tag, "Digest": target.digest, "Size": target.size}))
        await self._publish("image", "push", name.familiar, {"name": name.familiar_repository})

    async def _pack(
        self, record: ImageRecord, platform: Platform | None, name: Reference, reporter: Reporter
    ) -> Shipment:
        """An index goes as a whole or not at all: without all its platforms the one for this host goes alone."""
        target = record.target
        if platform is not None:
            target = await self._packer.choose(target, platform, name.familiar)
        shipment = await self._packer.pack(target)
        if shipment is None:
            image = await self._store.read_target(target)
            text = f"Not all platforms of {name.familiar} are here: pushing the one of this host only"
            await reporter.report(Progress(status=text))
            shipment = await self._packer.pack(image.manifest)
        assert shipment is not None  # only an index can be incomplete
        parcel = shipment.parcels[0]
        if shipment.indexes or not parcel.is_plain or await self._is_known(parcel):
            return shipment
        for layer, diff_id in layer_names(shipment.parcels).values():
            await reporter.report(Progress(status="Compressing", id=short(diff_id), current=0, total=layer.size))
        return Shipment((await self._packer.compress(parcel),))

    async def _is_known(self, parcel: Parcel) -> bool:
        """Whether the manifest has been in a registry, so that somebody may go by its digest."""
        records = await self._store.records_of(parcel.manifest.config.digest)
        return any("@" in record.name and record.target.digest == parcel.descriptor.digest for record in records)

    async def _remember(self, record: ImageRecord, name: Reference, shipment: Shipment) -> None:
        """The digest becomes a name; a manifest that was compressed takes the place of the one it was made from."""
        target = shipment.target
        bare = Descriptor(media_type=target.media_type, digest=target.digest, size=target.size)
        await self._store.assign(name.with_digest(target.digest).canonical, bare)
        if target.digest == record.target.digest or is_index(record.target.media_type):
            return
        for other in await self._store.records_of(shipment.parcels[0].manifest.config.digest):
            if other.target.digest == record.target.digest:
                await self._store.assign(other.name, bare)


@dataclass(slots=True)
class _Delivery:
    """One image on its way to a repository."""

    session: RegistrySession
    content: Content
    name: Reference
    reporter: Reporter
    at_once: int

    async def run(self, shipment: Shipment) -> None:
        """Blobs first, then what names them; the tag last."""
        layers = list(layer_names(shipment.parcels).values())
        for _, diff_id in layers:
            await self._say(diff_id, "Preparing")
        for _, diff_id in layers[self.at_once :]:
            await self._say(diff_id, "Waiting")
        slots = asyncio.Semaphore(self.at_once)
        await together(*(self._layer(slots, layer, diff_id) for layer, diff_id in layers))
        configs = {parcel.manifest.config.digest: parcel.manifest.config for parcel in shipment.parcels}
        for config in configs.values():
            await self._send(config, lambda _: None)
        documents = [(parcel.descriptor, parcel.document) for parcel in shipment.parcels] + list(shipment.indexes)
        for descriptor, document in documents:
            reference = self.name.tag if descriptor is shipment.target else descriptor.digest
            await self.session.push_manifest(self.name.repository, reference, descriptor, document)

    async def _layer(self, slots: asyncio.Semaphore, layer: Descriptor, diff_id: str) -> None:
        told = 0.0

        def count(done: int) -> None:
            nonlocal told
            if time.monotonic() - told >= _HINT_SECONDS:
                told = time.monotonic()
                self.reporter.hint(Progress(status="Pushing", id=short(diff_id), current=done, total=layer.size))

        async with slots:
            pushed = await self._send(layer, count)
        if pushed.existed:
            await self._say(diff_id, "Layer already exists")
        elif pushed.mounted_from:
            await self._say(diff_id, f"Mounted from {pushed.mounted_from}")
        else:
            await self._say(diff_id, "Pushed")

    async def _send(self, blob: Descriptor, count: Callable[[int], None]) -> BlobPush:
        """Gives the registry one blob, and notes for later pushes that it has it there."""

        async def read(offset: int) -> AsyncIterator[bytes]:
            async for chunk in read_blob(self.content, blob, offset):
                offset += len(chunk)
                count(offset)
                yield chunk

        here = await self.content.size(blob.digest) is not None
        labels = await self.content.labels(blob.digest) if here else {}
        sources = [path for path in reversed(sources_of(self.name.domain, labels)) if path != self.name.path]
        pushed = await self.session.push_blob(self.name.repository, blob, read, sources=sources)
        if here:
            await self.content.set_labels(blob.digest, source_labels(self.name.repository, labels))
        return pushed

    async def _say(self, diff_id: str, status: str) -> None:
        await self.reporter.report(Progress(status=status, id=short(diff_id)))
