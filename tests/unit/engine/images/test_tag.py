from types import SimpleNamespace

import pytest

from pier.domain.errors import NotFound
from pier.engine.images.tag import tag_image


async def test_an_image_that_goes_meanwhile_is_not_found() -> None:
    async def get(ref: str) -> SimpleNamespace:
        return SimpleNamespace(id="sha256:1")

    async def records_of(image_id: str) -> list[object]:
        return []

    async def publish(*_: object) -> None:
        raise AssertionError("nothing happened")

    with pytest.raises(NotFound, match="No such image: web"):
        await tag_image(SimpleNamespace(get=get, records_of=records_of), publish, "web", "other", "")  # type: ignore[arg-type]  # as much of a store as it needs
