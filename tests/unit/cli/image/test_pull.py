import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

STREAM = (
    '{"status":"Pulling from library/x","id":"latest"}\r\n{"status":"Status: Downloaded newer image for x:latest"}\r\n'
)


def test_pull(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/images/create", STREAM)
    assert pier("pull", "x") == (
        0,
        "Using default tag: latest\nlatest: Pulling from library/x\nStatus: Downloaded newer image for x:latest\n"
        "docker.io/library/x:latest\n",
        "",
    )
    assert engine.last("POST", "/images/create").query == {"fromImage": ["docker.io/library/x"], "tag": ["latest"]}


@pytest.mark.parametrize(
    ("argv", "query", "last"),
    [
        (["-q", "h:5/x:t"], {"fromImage": ["h:5/x"], "tag": ["t"]}, "h:5/x:t\n"),
        (["-qa", "x"], {"fromImage": ["docker.io/library/x"]}, "docker.io/library/x\n"),
        (["-q", "--platform", "linux/arm64", "x:1"], {"platform": ["linux/arm64"]}, "docker.io/library/x:1\n"),
    ],
)
def test_flags(engine: HttpEngine, pier: Pier, argv: list[str], query: dict[str, list[str]], last: str) -> None:
    engine.answer("POST", "/images/create", STREAM)
    assert pier("pull", *argv) == (0, last, "")
    assert query.items() <= engine.last("POST", "/images/create").query.items()


def test_failures(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/images/create", {"message": "manifest unknown"}, 404)
    assert pier("pull", "-q", "x") == (1, "", "Error response from daemon: manifest unknown\n")
    engine.answer("POST", "/images/create", '{"errorDetail":{"message":"broken"},"error":"broken"}\r\n')
    assert pier("pull", "-q", "x") == (1, "", "broken\n")
    assert pier("pull", "-a", "x:1")[0] == 1
    assert pier("pull", "X")[0] == 1
