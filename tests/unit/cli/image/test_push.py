import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

STREAM = (
    '{"status":"The push refers to repository [h:5/x]"}\r\n{"status":"Pushed","id":"abc","progressDetail":{}}\r\n'
    '{"status":"t: digest: sha256:1 size: 7"}\r\n'
    '{"progressDetail":{},"aux":{"Tag":"t","Digest":"sha256:1","Size":7}}\r\n'
)
PATH = "/images/h:5/x/push"


def test_push(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", PATH, STREAM)
    assert pier("push", "h:5/x") == (
        0,
        "Using default tag: latest\nThe push refers to repository [h:5/x]\nabc: Pushed\nt: digest: sha256:1 size: 7\n",
        "",
    )
    request = engine.last("POST", PATH)
    assert (request.query, request.headers["x-registry-auth"]) == ({"tag": ["latest"]}, "e30=")


@pytest.mark.parametrize(
    ("argv", "query", "last"),
    [
        (["-q", "h:5/x:t"], {"tag": ["t"]}, "h:5/x:t\n"),
        (["-qa", "h:5/x"], {}, "h:5/x\n"),
        (
            ["-q", "--platform", "linux/arm64", "h:5/x:t"],
            {"tag": ["t"], "platform": ['{"architecture":"arm64","os":"linux"}']},
            "h:5/x:t\n",
        ),
    ],
)
def test_flags(engine: HttpEngine, pier: Pier, argv: list[str], query: dict[str, list[str]], last: str) -> None:
    engine.answer("POST", PATH, STREAM)
    assert pier("image", "push", *argv) == (0, last, "")
    assert engine.last("POST", PATH).query == query


def test_failures(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", PATH, '{"errorDetail":{"message":"denied"},"error":"denied"}\r\n')
    assert pier("push", "-q", "h:5/x") == (1, "", "denied\n")
    assert pier("push", "-a", "h:5/x:1")[0] == 1
    assert pier("push", f"h:5/x@sha256:{'a' * 64}")[0] == 1
