"""`docker tag`: a further name for an image."""

from pier.domain.errors import NotFound
from pier.domain.reference import parse_new_name
from pier.engine.images.publish import Publish, image_attributes
from pier.engine.images.store import ImageStore


async def tag_image(store: ImageStore, publish: Publish, ref: str, repository: str, tag: str) -> None:
    """Raises NotFound for an unknown image, InvalidArgument for a bad name; a name in use moves."""
    name = parse_new_name(repository, tag)
    image = await store.get(ref)
    records = await store.records_of(image.id)
    if not records:  # removed meanwhile
        raise NotFound(f"No such image: {ref}")
    await store.assign(name.canonical, records[0].target)
    await publish("image", "tag", image.id, image_attributes(image, name.familiar))
