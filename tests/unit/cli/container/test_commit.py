import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine


@pytest.mark.parametrize(
    ("argv", "query"),
    [
        (("c",), {"container": ["c"]}),
        (("c", "made"), {"container": ["c"], "repo": ["docker.io/library/made"], "tag": ["latest"]}),
        (("c", "r:5000/made:v1"), {"container": ["c"], "repo": ["r:5000/made"], "tag": ["v1"]}),
        (
            ("-a", "who", "-m", "why", "-c", "CMD x", "--change", "ENV a=b", "c"),
            {"container": ["c"], "author": ["who"], "comment": ["why"], "changes": ["CMD x", "ENV a=b"]},
        ),
        (("-p=false", "c"), {"container": ["c"], "pause": ["0"]}),
        (("--pause", "c"), {"container": ["c"]}),
    ],
)
def test_commit(engine: HttpEngine, pier: Pier, argv: tuple[str, ...], query: dict[str, list[str]]) -> None:
    engine.answer("POST", "/commit", {"Id": "sha256:abc"}, 201)
    assert pier("commit", *argv) == (0, "sha256:abc\n", "")
    assert engine.last("POST", "/commit").query == query


@pytest.mark.parametrize("name", ["x:y:z", "BAD", "x:-"])
def test_bad_names_are_not_sent(engine: HttpEngine, pier: Pier, name: str) -> None:
    code, _, text = pier("commit", "c", name)
    assert (code, text.startswith("invalid reference format")) == (1, True)
    assert engine.sent() == []
