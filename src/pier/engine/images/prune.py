"""`docker image prune`: images that nobody uses."""

from dataclasses import replace

from pier.domain.filters import Filters
from pier.domain.image import Image
from pier.engine.images.listing import filter_images
from pier.engine.images.names import user_reference
from pier.engine.images.publish import image_attributes
from pier.engine.images.remove import InUse, Removed, Remover
from pier.engine.images.store import is_dangling
from pier.engine.images.tools import Tools

_KEYS = ("dangling", "label", "label!", "until")


async def prune_images(
    tools: Tools, remover: Remover, in_use: InUse, filters: Filters, now: int
) -> tuple[Removed, int]:
    """Images without a tag, with `dangling=false` all that no container uses; what went, and the bytes freed.

    containerd collects garbage at the end, so that what nobody needs is off the disk, whoever left it.

    Raises InvalidArgument for an unknown filter.
    """
    filters.require_known(_KEYS)
    only_dangling = filters.flag("dangling", True)
    others = replace(filters, values={key: values for key, values in filters.values.items() if key != "dangling"})
    store = tools.store
    before = await store.bytes_on_disk()
    removed: Removed = []
    for image in await filter_images(store, await store.images(), others, now):
        if not in_use(image.id) and (is_dangling(image) or not only_dangling):
            removed += await _remove(tools, remover, image)
    await tools.leases.collect()
    reclaimed = max(0, before - await store.bytes_on_disk())
    await tools.publish("image", "prune", "", {"reclaimed": str(reclaimed)})
    return removed, reclaimed


async def _remove(tools: Tools, remover: Remover, image: Image) -> Removed:
    removed: Removed = []
    for record in await tools.store.records_of(image.id):
        reference = user_reference(record.name)
        if reference is not None:
            removed.append(("Untagged", reference.familiar))
            await tools.publish("image", "untag", image.id, image_attributes(image))
    return removed + await remover.delete(image)
