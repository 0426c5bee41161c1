"""`docker image prune`: images that nobody uses."""

from dataclasses import replace

from pier.domain.filters import Filters
from pier.domain.image import Image
from pier.engine.images.listing import filter_images
from pier.engine.images.names import user_reference
from pier.engine.images.publish import Publish, image_attributes
from pier.engine.images.remove import InUse, Removed, Remover
from pier.engine.images.store import ImageStore, is_dangling
from pier.engine.images.usage import measure

_KEYS = ("dangling", "label", "label!", "until")


async def prune_images(
    store: ImageStore, remover: Remover, in_use: InUse, publish: Publish, filters: Filters, now: int
) -> tuple[Removed, int]:
    """Images without a tag, with `dangling=false` all that no container uses; what went, and the bytes freed.

    Raises InvalidArgument for an unknown filter.
    """
    filters.require_known(_KEYS)
    only_dangling = filters.flag("dangling", True)
    others = replace(filters, values={key: values for key, values in filters.values.items() if key != "dangling"})
    before = (await measure(store, in_use)).layers_size
    removed: Removed = []
    for image in await filter_images(store, await store.images(), others, now):
        if not in_use(image.id) and (is_dangling(image) or not only_dangling):
            removed += await _remove(store, remover, publish, image)
    reclaimed = max(0, before - (await measure(store, in_use)).layers_size)
    await publish("image", "prune", "", {"reclaimed": str(reclaimed)})
    return removed, reclaimed


async def _remove(store: ImageStore, remover: Remover, publish: Publish, image: Image) -> Removed:
    removed: Removed = []
    for record in await store.records_of(image.id):
        reference = user_reference(record.name)
        if reference is not None:
            removed.append(("Untagged", reference.familiar))
            await publish("image", "untag", image.id, image_attributes(image))
    return removed + await remover.delete(image)
