"""`docker image prune`: images that nobody uses."""

from contextlib import suppress
from dataclasses import replace

from pier.domain.errors import NotFound
from pier.domain.filters import Filters
from pier.engine.images.claims import Claims
from pier.engine.images.listing import filter_images
from pier.engine.images.remove import Removed, Remover
from pier.engine.images.store import is_dangling
from pier.engine.images.tools import Tools

_KEYS = ("dangling", "label", "label!", "until")


async def prune_images(
    tools: Tools, remover: Remover, claims: Claims, filters: Filters, now: int
) -> tuple[Removed, int]:
    """Images without a tag, with `dangling=false` all that no container uses; what went, and the bytes freed.

    Of a used image with several names, `dangling=false` leaves the last in order, as dockerd.

    containerd collects garbage at the end, so that what nobody needs is off the disk, whoever left it.

    Raises InvalidArgument for an unknown filter.
    """
    filters.require_known(_KEYS)
    only_dangling = filters.flag("dangling", True)
    others = replace(filters, values={key: values for key, values in filters.values.items() if key != "dangling"})
    store = tools.store
    before = await store.bytes_on_disk()
    removed: Removed = []
    for found in await filter_images(store, await store.images(), others, now):  # newest, so children, first
        with suppress(NotFound):  # somebody else was faster
            async with claims.turn(store.get, found.id) as image:
                if claims.users(image.id):
                    removed += [] if only_dangling else await remover.take_spare_names(image)
                elif is_dangling(image) or not only_dangling:
                    removed += await remover.take(image)
    await tools.leases.collect()
    reclaimed = max(0, before - await store.bytes_on_disk())
    await tools.publish("image", "prune", "", {"reclaimed": str(reclaimed)})
    return removed, reclaimed
