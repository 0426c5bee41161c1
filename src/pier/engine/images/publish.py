"""Events of images, with the attributes Docker gives them."""

from collections.abc import Awaitable, Callable, Mapping

from pier.domain.image import Image

Publish = Callable[[str, str, str, Mapping[str, str]], Awaitable[None]]
"""Records and publishes one event: type, action, actor's id, attributes."""


def image_attributes(image: Image, name: str = "") -> dict[str, str]:
    """The image's labels, and `name`: a reference, or the id where the action is not about one."""
    return dict(image.config.labels) | {"name": name or image.id}
