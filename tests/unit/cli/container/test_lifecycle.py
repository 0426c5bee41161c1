import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine


@pytest.mark.parametrize(
    ("argv", "path", "query"),
    [
        (["stop", "a"], "stop", {}),
        (["stop", "-t", "0", "-s", "INT", "a"], "stop", {"t": ["0"], "signal": ["INT"]}),
        (["stop", "--time", "-1", "a"], "stop", {"t": ["-1"]}),
        (["restart", "-t", "1", "a"], "restart", {"t": ["1"]}),
        (["kill", "a"], "kill", {}),
        (["kill", "--signal=USR1", "a"], "kill", {"signal": ["USR1"]}),
        (["pause", "a"], "pause", {}),
        (["unpause", "a"], "unpause", {}),
    ],
)
def test_verbs_that_print_the_name(
    engine: HttpEngine, pier: Pier, argv: list[str], path: str, query: dict[str, list[str]]
) -> None:
    engine.answer("POST", f"/containers/a/{path}", None, 204)
    assert pier(*argv) == (0, "a\n", "")
    assert engine.last("POST", f"/containers/a/{path}").query == query


def test_wait_prints_codes_in_the_order_asked(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/a/wait", {"StatusCode": 137})
    engine.answer("POST", "/containers/b/wait", {"StatusCode": 0})
    assert pier("wait", "b", "a", "b") == (0, "0\n137\n0\n", "")
    engine.answer("POST", "/containers/a/wait", {"StatusCode": 0, "Error": {"Message": "gone"}})
    assert pier("wait", "a") == (1, "", "gone\n")


def test_rename(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/a/rename", None, 204)
    assert pier("rename", "a", "b") == (0, "", "")
    assert engine.last("POST", "/containers/a/rename").query == {"name": ["b"]}
    assert pier("rename", "a", " ")[0] == 1
    engine.answer("POST", "/containers/a/rename", {"message": "in use"}, 409)
    assert pier("rename", "a", "b")[2] == (
        "Error response from daemon: in use\nError: failed to rename container named a\n"
    )


def test_rm(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("DELETE", "/containers/a", None, 204)
    assert pier("rm", "-fv", "a") == (0, "a\n", "")
    assert engine.last("DELETE", "/containers/a").query == {"force": ["1"], "v": ["1"]}
    engine.answer("DELETE", "/containers/b", {"message": "No such container: b"}, 404)
    assert pier("rm", "a", "b") == (1, "a\n", "Error response from daemon: No such container: b\n")
    assert pier("rm", "-f", "b") == (0, "", "Error response from daemon: No such container: b\n")
    assert pier("rm", "/")[0] == 1
