"""Giving images names."""

import pytest
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import ImageRecord

ONE = TestImage([{"a": Node(b"1")}])
TWO = TestImage([{"b": Node(b"2")}])


async def test_tag_adds_a_name_and_an_event(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    await engine.images.tag("x:1", "example.com/y", "2")
    assert (await engine.images.get("example.com/y:2")).repo_tags == ("x:1", "example.com/y:2")
    assert engine.events[-1] == ("tag", ONE.id, "example.com/y:2")


async def test_tag_is_latest_unless_given(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    await engine.images.tag(ONE.id[7:15], "y", "")
    assert (await engine.images.get("y:latest")).id == ONE.id


async def test_tag_in_use_moves_and_the_old_image_stays(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": TWO}))
    await engine.images.tag("y:1", "x", "1")
    assert (await engine.images.get("x:1")).id == TWO.id
    assert (await engine.images.get(ONE.id)).repo_tags == ()


@pytest.mark.parametrize(("repository", "tag"), [("UPPER", "1"), ("x", "bad tag"), ("sha256", "2")])
async def test_bad_name_is_refused(engine: ImageEngine, repository: str, tag: str) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    with pytest.raises(InvalidArgument):
        await engine.images.tag("x:1", repository, tag)


async def test_unknown_image(engine: ImageEngine) -> None:
    with pytest.raises(NotFound, match="No such image: nothing:latest"):
        await engine.images.tag("nothing", "x", "1")


async def test_image_that_was_just_removed(engine: ImageEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    await engine.load(docker_archive({"x:1": ONE}))

    async def no_records(image_id: str) -> list[ImageRecord]:
        return []

    monkeypatch.setattr(engine.images._store, "records_of", no_records)
    with pytest.raises(NotFound, match="No such image: x:1"):
        await engine.images.tag("x:1", "y", "1")
