import pytest

from pier.api.call import Call
from pier.api.http.messages import Answer
from pier.api.router import Route, Router


async def nothing(call: Call) -> Answer:
    raise AssertionError


ROUTER = Router(
    Route(method, pattern, nothing)
    for method, pattern in (
        ("GET", "/images/json"),
        ("GET", "/images/{name...}/json"),
        ("DELETE", "/images/{name...}"),
        ("GET", "/containers/json"),
        ("GET", "/containers/{name}/json"),
        ("DELETE", "/containers/{name}/checkpoints/{item}"),
        ("DELETE", "/containers/{name}"),
    )
)


@pytest.mark.parametrize(
    ("method", "path", "pattern", "parameters"),
    [
        ("GET", "/images/json", "/images/json", {}),
        ("GET", "/images/a/json", "/images/{name...}/json", {"name": "a"}),
        ("GET", "/images/a/b/c/json", "/images/{name...}/json", {"name": "a/b/c"}),
        ("DELETE", "/images/a/b", "/images/{name...}", {"name": "a/b"}),
        ("GET", "/containers/json/json", "/containers/{name}/json", {"name": "json"}),
        (
            "DELETE",
            "/containers/a/checkpoints/b",
            "/containers/{name}/checkpoints/{item}",
            {"name": "a", "item": "b"},
        ),
    ],
)
def test_finds(method: str, path: str, pattern: str, parameters: dict[str, str]) -> None:
    found = ROUTER.find(method, path)
    assert found is not None
    assert (found[0].pattern, found[1]) == (pattern, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/images/json"),
        ("GET", "/containers"),
        ("GET", "/containers//json"),
        ("DELETE", "/containers/"),
        ("DELETE", "/containers/a/checkpoints/"),
        ("GET", "/"),
        ("GET", ""),
    ],
)
def test_finds_nothing(method: str, path: str) -> None:
    assert ROUTER.find(method, path) is None
