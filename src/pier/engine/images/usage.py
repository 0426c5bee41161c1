"""How much disk images take, and what is shared."""

from collections import Counter
from dataclasses import dataclass

from pier.domain.image import Image
from pier.engine.images.remove import InUse
from pier.engine.images.store import ImageStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUsage:
    """`shared` bytes of the image's size are layers that other images have too; `containers` are made from it."""

    image: Image
    shared: int
    containers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUsage:
    """`layers_size` is what all images take: unpacked layers and stored blobs, each once."""

    layers_size: int
    images: tuple[ImageUsage, ...]


async def measure(store: ImageStore, in_use: InUse) -> DiskUsage:
    """An image's own sizes are those of its unpacked layers."""
    images = await store.images()
    layers = {image.id: await store.layer_sizes(image) for image in images}
    owners = Counter(chain_id for sizes in layers.values() for chain_id in sizes)
    return DiskUsage(
        layers_size=await store.bytes_on_disk(),
        images=tuple(
            ImageUsage(
                image=image,
                shared=sum(size for chain_id, size in layers[image.id].items() if owners[chain_id] > 1),
                containers=len(in_use(image.id)),
            )
            for image in images
        ),
    )
