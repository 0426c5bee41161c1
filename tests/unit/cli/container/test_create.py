from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_create_prints_the_id(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/create", {"Id": "abc", "Warnings": []}, 201)
    assert pier("create", "--name", "x", "--platform", "linux/arm64", "img", "a", "-b") == (0, "abc\n", "")
    request = engine.last("POST", "/containers/create")
    assert request.query == {"name": ["x"], "platform": ["linux/arm64"]}
    assert request.json["Cmd"] == ["a", "-b"]


def test_a_refusal_is_1(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/create", {"message": "in use"}, 409)
    assert pier("create", "img") == (1, "", "Error response from daemon: in use\n")
