"""How much disk images take, and what is shared."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pier.domain.image import Image
from pier.engine.images.claims import InUse
from pier.engine.images.store import ImageStore, on_disk


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUsage:
    """`shared` bytes of the image's size are layers that other images have too; `containers` are made from it.

    `disk_size` and `disk_shared` count its stored blobs besides its unpacked layers.
    """

    image: Image
    shared: int
    containers: int
    disk_size: int
    disk_shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUsage:
    """`layers_size` is what all images take: unpacked layers and stored blobs, each once."""

    layers_size: int
    images: tuple[ImageUsage, ...]


async def measure(store: ImageStore, in_use: InUse) -> DiskUsage:
    """An image's own sizes are those of its unpacked layers."""
    images = await store.images()
    blobs = await store.blob_sizes()
    layers = {image.id: await store.layer_sizes(image) for image in images}
    stored = {image.id: _blobs_of(image, blobs) for image in images}
    owners = Counter(part for sizes in (*layers.values(), *stored.values()) for part in sizes)

    def shared(sizes: Mapping[str, int]) -> int:
        return sum(size for part, size in sizes.items() if owners[part] > 1)

    return DiskUsage(
        layers_size=await store.bytes_on_disk(),
        images=tuple(
            ImageUsage(
                image=image,
                shared=shared(layers[image.id]),
                containers=len(in_use(image.id)),
                disk_size=sum(layers[image.id].values()) + sum(stored[image.id].values()),
                disk_shared=shared(layers[image.id]) + shared(stored[image.id]),
            )
            for image in images
        ),
    )


def _blobs_of(image: Image, sizes: Mapping[str, int]) -> dict[str, int]:
    """What is stored of it, by a key that no chain id has."""
    digests = {image.manifest.digest, image.id, *(layer.digest for layer in image.layers)}
    return {f"blob {digest}": on_disk(sizes[digest]) for digest in digests if digest in sizes}
