from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_a_letter_for_each_kind(engine: HttpEngine, pier: Pier) -> None:
    changes = [{"Path": "/etc", "Kind": 0}, {"Path": "/new", "Kind": 1}, {"Path": "/old", "Kind": 2}]
    engine.answer("GET", "/containers/c/changes", changes)
    assert pier("diff", "c") == (0, "C /etc\nA /new\nD /old\n", "")
    engine.answer("GET", "/containers/c/changes", "null\n")
    assert pier("diff", "c") == (0, "", "")


def test_refusals(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/c/changes", {"message": "No such container: c"}, 404)
    assert pier("diff", "c") == (1, "", "Error response from daemon: No such container: c\n")
    assert pier("diff", "") == (1, "", "invalid container name or ID: value is empty\n")
