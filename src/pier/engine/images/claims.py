"""Who uses an image: the containers made from it, and those that are being made just now."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pier.domain.image import Image
from pier.engine.images.locks import KeyedLocks

Find = Callable[[str], Awaitable[Image]]
"""The image behind a reference; raises NotFound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUser:
    """A container made from an image, or being made: that one counts as running, nothing may be taken from it."""

    id: str
    name: str
    running: bool


InUse = Callable[[str], Sequence[ImageUser]]
"""The containers made from the image with this id."""


class Claims:
    """Keeps an image from removal while a container is made of it: between the look at the image and its record."""

    def __init__(self, in_use: InUse) -> None:
        self._in_use = in_use
        self._locks = KeyedLocks()
        self._claims: dict[str, list[ImageUser]] = {}

    def users(self, image_id: str) -> list[ImageUser]:
        """Each once."""
        recorded = self._in_use(image_id)
        known = {user.id for user in recorded}
        return [*recorded, *(user for user in self._claims.get(image_id, ()) if user.id not in known)]

    @asynccontextmanager
    async def turn(self, find: Find, ref: str) -> AsyncIterator[Image]:
        """The image behind a reference, which within the body nobody else removes or begins to use.

        Raises NotFound, also when it was removed before its turn came.
        """
        while True:  # until it is the same image on both sides of the lock: names move
            image_id = (await find(ref)).id
            async with self._locks.hold(image_id):
                image = await find(ref)
                if image.id == image_id:
                    yield image
                    return

    @asynccontextmanager
    async def claimed(self, find: Find, ref: str, user: ImageUser) -> AsyncIterator[Image]:
        """The image behind a reference, used by `user` within the body. Raises NotFound."""
        async with self.turn(find, ref) as image:
            self._claims.setdefault(image.id, []).append(user)
        try:
            yield image
        finally:
            self._claims[image.id].remove(user)
            if not self._claims[image.id]:
                del self._claims[image.id]
