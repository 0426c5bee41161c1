"""From a target (manifest or index) in the content store to an image of one platform."""

from collections import OrderedDict
from dataclasses import replace

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import Descriptor, Image, Platform
from pier.engine.images.blobs import read_if_here
from pier.engine.images.labels import parent_of
from pier.engine.images.plain import plain_form
from pier.engine.images.platforms import by_preference
from pier.engine.ports import Content, Snapshots
from pier.oci.image import ImageConfig, Manifest, chain_ids, parse_image_config, parse_index, parse_manifest
from pier.oci.media_types import is_index

_CACHED = 4096
_MAX_DEPTH = 4


class ManifestReader:
    """Reads images by the digest of their target and remembers them: what has a digest never changes."""

    def __init__(self, content: Content, snapshots: Snapshots, platform: Platform) -> None:
        self._content = content
        self._snapshots = snapshots
        self._platform = platform
        self._images: OrderedDict[str, Image] = OrderedDict()
        self._usage: OrderedDict[str, int] = OrderedDict()  # by chain id

    async def read(self, target: Descriptor) -> Image:
        """Without names. Raises NotFound where content is missing, InvalidArgument where it is no image."""
        image = self._images.get(target.digest)
        if image is None:
            image = await self._load(target)
            self._remember(target.digest, image)
        if not image.size and image.layers:
            sizes = await self.layer_sizes(image)
            if sizes is None:  # not unpacked (yet): what there is takes this much
                return replace(image, size=sum(layer.size for layer in image.layers))
            image = replace(image, size=sum(sizes))
            self._remember(target.digest, image)
        return image

    def forget(self, target_digest: str) -> None:
        """After a pull: an index may have got the content of a platform that suits better."""
        self._images.pop(target_digest, None)

    async def layer_sizes(self, image: Image) -> list[int] | None:
        """Bytes that each layer takes unpacked, from the bottom; None where one is not unpacked."""
        sizes = []
        for chain_id in chain_ids(image.diff_ids):
            size = await self.layer_size(chain_id)
            if size is None:
                return None
            sizes.append(size)
        return sizes

    async def layer_size(self, chain_id: str) -> int | None:
        """Bytes that one layer takes unpacked; None: it is not."""
        if chain_id not in self._usage:
            try:
                self._usage[chain_id] = await self._snapshots.usage(chain_id)
            except NotFound:
                return None
            if len(self._usage) > _CACHED:
                self._usage.popitem(last=False)
        return self._usage[chain_id]

    async def _load(self, target: Descriptor) -> Image:
        manifest = await self.pick(target)
        document = parse_manifest(await self._content.read(manifest.digest))
        config = parse_image_config(await self._content.read(document.config.digest))
        parent = parent_of(await self._content.labels(document.config.digest))
        return replace(describe_image(manifest, document, config), parent=parent)

    async def pick(self, target: Descriptor) -> Descriptor:
        """The manifest below an index that suits this host best among those whose content is here."""
        found = await self._pick(target, set(), 0)
        if found is None:
            raise NotFound(f"no manifest of the index {target.digest} is in the content store")
        return found

    async def _pick(self, target: Descriptor, seen: set[str], depth: int) -> Descriptor | None:
        """`seen` are indexes of which nothing is here."""
        if target.digest in seen:
            return None
        if depth > _MAX_DEPTH:
            raise InvalidArgument(f"the index {target.digest} is nested too deeply")
        document = await read_if_here(self._content, target.digest)
        if document is None:
            return None
        if not is_index(target.media_type):
            return await plain_form(self._content, target)
        for child in by_preference(parse_index(document).manifests, self._platform):
            found = await self._pick(child, seen, depth + 1)
            if found is not None:
                return found
        seen.add(target.digest)
        return None

    def _remember(self, digest: str, image: Image) -> None:
        self._images[digest] = image
        self._images.move_to_end(digest)
        if len(self._images) > _CACHED:
            self._images.popitem(last=False)


def describe_image(descriptor: Descriptor, manifest: Manifest, config: ImageConfig) -> Image:
    """An image without names and size, from its two documents."""
    return Image(
        id=manifest.config.digest,
        manifest=descriptor,
        config_descriptor=manifest.config,
        layers=manifest.layers,
        diff_ids=config.diff_ids,
        chain_id=config.chain_id,
        config=config.config,
        platform=config.platform,
        created_at=config.created_at,
        author=config.author,
        comment=config.comment,
        docker_version=config.docker_version,
        history=config.history,
    )
