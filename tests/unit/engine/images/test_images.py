"""The facade: what is not told by the tests of each verb."""

from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

ONE = TestImage([{"a": Node(b"1")}])


async def test_id_of_is_empty_for_what_is_not_there_or_no_name(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    assert await engine.images.id_of("x:1") == ONE.id
    assert await engine.images.id_of("y") == ""
    assert await engine.images.id_of("NOT A NAME") == ""
