"""`docker push`: images to a registry, which is given only what it lacks."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pier.domain.errors import NotFound
from pier.domain.ids import short
from pier.domain.image import Descriptor, ImageRecord, Platform
from pier.domain.reference import Reference, parse
from pier.domain.registry import BlobPush, BlobSource, Progress, RegistryAuth
from pier.engine.images.labels import packed_labels, packed_of, source_labels, sources_of
from pier.engine.images.outgoing import Packer, Parcel, Shipment, is_plain_layer, layer_names
from pier.engine.images.progress import Reporter
from pier.engine.images.sending import PackedLayer, StoredBlob, Told
from pier.engine.images.tools import Tools
from pier.engine.ports import Archives, Content, RegistrySession
from pier.engine.together import together

_HINT_SECONDS = 0.1  # between two counts of bytes for one layer


class Pusher:
    def __init__(self, tools: Tools) -> None:
        self._registry = tools.registry
        self._content = tools.content
        self._leases = tools.leases
        self._store = tools.store
        self._archives = tools.archives
        self._packer = Packer(tools.content)
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
            lease = f"push-{secrets.token_hex(8)}"
            async with self._leases.hold(lease), self._leases.keep(lease, [record.target.digest]):
                if await self._content.size(record.target.digest) is None:
                    raise NotFound(f"tag does not exist: {parse(record.name).familiar}")  # it has just been removed
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
        delivery = _Delivery(session, self._content, self._archives, self._packer, name, reporter, self._uploads)
        target = (await delivery.run(shipment)).target
        if await self._store.target_of(record.name):  # who removed it meanwhile is not to find it again
            await self._remember(name, target)
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
        return replace(shipment, packs=True)

    async def _is_known(self, parcel: Parcel) -> bool:
        """Whether the manifest has been in a registry, so that somebody may go by its digest."""
        records = await self._store.records_of(parcel.manifest.config.digest)
        return any("@" in record.name and record.target.digest == parcel.descriptor.digest for record in records)

    async def _remember(self, name: Reference, target: Descriptor) -> None:
        """The digest becomes a name. The tag stays what it was, as layers that were compressed are not stored here."""
        bare = Descriptor(media_type=target.media_type, digest=target.digest, size=target.size)
        await self._store.assign(name.with_digest(target.digest).canonical, bare)


@dataclass(slots=True)
class _Delivery:
    """One image on its way to a repository."""

    session: RegistrySession
    content: Content
    archives: Archives
    packer: Packer
    name: Reference
    reporter: Reporter
    at_once: int

    async def run(self, shipment: Shipment) -> Shipment:
        """Blobs first, then what names them; the tag last. What has been sent, its manifest stored."""
        layers = list(layer_names(shipment.parcels).values())
        for _, diff_id in layers:
            await self._say(diff_id, "Preparing")
        for _, diff_id in layers[self.at_once :]:
            await self._say(diff_id, "Waiting")
        slots = asyncio.Semaphore(self.at_once)
        parcel = shipment.parcels[0]
        packed_as = parcel.layer_type if shipment.packs else ""
        configs = {parcel.manifest.config.digest: parcel.manifest.config for parcel in shipment.parcels}
        sent = await together(
            *(self._layer(slots, layer, diff_id, packed_as) for layer, diff_id in layers),
            *(self._send_stored(config, lambda _: None) for config in configs.values()),
        )
        if shipment.packs:
            pairs = zip(layers, sent[: len(layers)], strict=True)
            parcel = await self.packer.packed(parcel, {layer.digest: given for (layer, _), given in pairs})
            shipment = Shipment((parcel,))
        documents = [(parcel.descriptor, parcel.document) for parcel in shipment.parcels] + list(shipment.indexes)
        for descriptor, document in documents:
            reference = self.name.tag if descriptor is shipment.target else descriptor.digest
            await self.session.push_manifest(self.name.repository, reference, descriptor, document)
        return shipment

    async def _layer(self, slots: asyncio.Semaphore, layer: Descriptor, diff_id: str, packed_as: str) -> Descriptor:
        """The layer as the registry has it now: `packed_as` is the media type of what is to be compressed."""
        told = 0.0

        def count(done: int) -> None:
            nonlocal told
            if time.monotonic() - told >= _HINT_SECONDS:
                told = time.monotonic()
                self.reporter.hint(Progress(status="Pushing", id=short(diff_id), current=done, total=layer.size))

        packs = bool(packed_as) and is_plain_layer(layer)
        async with slots:
            pushed = await (self._send_packed if packs else self._send_stored)(layer, count)
        if pushed.existed:
            await self._say(diff_id, "Layer already exists")
        elif pushed.mounted_from:
            await self._say(diff_id, f"Mounted from {pushed.mounted_from}")
        else:
            await self._say(diff_id, "Pushed")
        return replace(layer, media_type=packed_as, digest=pushed.digest, size=pushed.size) if packs else layer

    async def _send_stored(self, blob: Descriptor, count: Told) -> BlobPush:
        """Gives the registry one blob, and notes for later pushes that it has it there."""
        here = await self.content.size(blob.digest) is not None
        labels = await self.content.labels(blob.digest) if here else {}
        source = StoredBlob(self.content, blob, count)
        pushed = await self._push(source, sources_of(self.name.domain, labels))
        if here:
            await self.content.set_labels(blob.digest, source_labels(self.name.repository, labels))
        return pushed

    async def _send_packed(self, layer: Descriptor, count: Told) -> BlobPush:
        """Gives the registry the compressed form of a plain layer, and notes what and where that is."""
        here = await self.content.size(layer.digest) is not None
        labels = await self.content.labels(layer.digest) if here else {}
        candidate = packed_of(labels)
        source = PackedLayer(self.content, self.archives, layer, candidate, count)
        pushed = await self._push(source, sources_of(self.name.domain, labels, packed=True))
        if candidate is None or candidate.digest != pushed.digest:
            labels = {}  # where the one before has been says nothing about this one
        await self.content.set_labels(
            layer.digest,
            packed_labels(pushed.digest, pushed.size) | source_labels(self.name.repository, labels, packed=True),
        )
        return pushed

    async def _push(self, source: BlobSource, paths: Sequence[str]) -> BlobPush:
        others = [path for path in reversed(paths) if path != self.name.path]
        return await self.session.push_blob(self.name.repository, source, sources=others)

    async def _say(self, diff_id: str, status: str) -> None:
        await self.reporter.report(Progress(status=status, id=short(diff_id)))
