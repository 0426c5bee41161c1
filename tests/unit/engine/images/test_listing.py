"""Filters of lists."""

import pytest
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.filters import Filters

OLD = TestImage([{"a": Node(b"1")}], {"Labels": {"k": "v"}}, created="2024-01-01T00:00:00Z")
NEW = TestImage([{"b": Node(b"2")}], created="2024-06-01T00:00:00Z")
BARE = TestImage([{"c": Node(b"3")}], created="2024-03-01T00:00:00Z")


@pytest.fixture(autouse=True)
async def _loaded(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": OLD, "example.com/team/app:2": NEW, "other:1": OLD}))
    await engine.load(docker_archive([BARE]))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [NEW, BARE, OLD]),
        ({"dangling": ("true",)}, [BARE]),
        ({"dangling": ("0",)}, [NEW, OLD]),
        ({"label": ("k",)}, [OLD]),
        ({"label": ("k=other",)}, []),
        ({"label!": ("k",)}, [NEW, BARE]),
        ({"before": ("example.com/team/app:2",)}, [BARE, OLD]),
        ({"since": ("x:1",)}, [NEW, BARE]),
        ({"since": ("x:1",), "before": ("example.com/team/app:2",)}, [BARE]),
        ({"until": ("2024-02-01",)}, [OLD]),
        ({"until": ("2034-02-01", "2024-02-01")}, [OLD]),
        ({"reference": ("x",)}, [OLD]),
        ({"reference": ("x:*",)}, [OLD]),
        ({"reference": ("*",)}, [OLD]),
        ({"reference": ("example.com/*/app",)}, [NEW]),
        ({"reference": ("example.com/*",)}, []),
        ({"reference": ("[xy]:?", "example.com/team/app")}, [NEW, OLD]),
        ({"reference": ("docker.io/library/x",)}, [OLD]),
        ({"reference": ("[^a-w]:1",)}, [OLD]),
        ({"reference": ("[z-a]*",)}, []),
        ({"reference": ("[^z-a]:1",)}, [OLD]),
        ({"reference": (r"\x:[\0-9]",)}, [OLD]),
        ({"reference": ("oth[!x]r",)}, []),
    ],
)
async def test_filters(engine: ImageEngine, filters: dict[str, tuple[str, ...]], expected: list[TestImage]) -> None:
    assert [image.id for image in await engine.images.list(filters=Filters(filters))] == [one.id for one in expected]


async def test_reference_filter_shows_only_the_names_that_match(engine: ImageEngine) -> None:
    [image] = await engine.images.list(filters=Filters({"reference": ("oth*",)}))
    assert image.repo_tags == ("other:1",)


@pytest.mark.parametrize("filters", [{"nonsense": ("1",)}, {"dangling": ("maybe",)}, {"until": ("yesterday",)}])
async def test_bad_filters(engine: ImageEngine, filters: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter"):
        await engine.images.list(filters=Filters(filters))


@pytest.mark.parametrize("pattern", ["[", "[x", "[]", "[]x]", "[^]", "[x-]", "[-x]", "x\\"])
async def test_what_is_no_pattern_of_names(engine: ImageEngine, pattern: str) -> None:
    with pytest.raises(PierError, match="syntax error in pattern"):
        await engine.images.list(filters=Filters({"reference": (pattern,)}))


async def test_before_an_image_that_is_not_there(engine: ImageEngine) -> None:
    with pytest.raises(NotFound):
        await engine.images.list(filters=Filters({"before": ("nothing",)}))
