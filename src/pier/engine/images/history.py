"""`docker history`: how an image came about, step by step."""

from dataclasses import dataclass, replace

from pier.domain.image import HistoryEntry, Image, Platform
from pier.engine.images.store import ImageStore
from pier.oci.image import chain_ids

_MISSING = "<missing>"  # Docker's word for a step whose own image is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One step, with the bytes its layer takes on disk."""

    id: str
    created_at: int
    created_by: str
    comment: str
    size: int
    tags: tuple[str, ...]


async def read_history(store: ImageStore, ref: str, platform: Platform | None = None) -> list[HistoryRow]:
    """Newest first; the image itself is the first row's id. Raises NotFound."""
    image = await store.get_for(ref, platform)
    sizes = list((await store.layer_sizes(image)).values()) or [layer.size for layer in image.layers]
    rows: list[HistoryRow] = []
    for entry in image.history or _unwritten(image):
        size = 0 if entry.empty_layer or not sizes else sizes.pop(0)
        rows.append(
            HistoryRow(
                id=_MISSING,
                created_at=entry.created_at,
                created_by=entry.created_by,
                comment=entry.comment,
                size=size,
                tags=(),
            )
        )
    rows.reverse()
    return await _name(store, rows, image)


async def _name(store: ImageStore, rows: list[HistoryRow], image: Image) -> list[HistoryRow]:
    """The first row is the image, the next ones those that it was made from, as far as they are known."""
    images = {known.id: known for known in await store.images()}
    named: list[HistoryRow] = []
    found: Image | None = image
    for row in rows:
        named.append(replace(row, id=found.id, tags=found.repo_tags) if found else row)
        found = images.get(found.parent) if found else None
    return named


def _unwritten(image: Image) -> tuple[HistoryEntry, ...]:
    """History is optional in a config: then each layer is a step of which nothing is known."""
    return tuple(HistoryEntry(created_at=image.created_at) for _ in chain_ids(image.diff_ids))
