import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine, frame


@pytest.mark.parametrize(("tty", "out", "err"), [(False, "o", "e"), (True, None, "")])
def test_frames_are_taken_apart_unless_there_is_a_terminal(
    engine: HttpEngine, pier: Pier, tty: bool, out: str | None, err: str
) -> None:
    data = frame(1, b"o") + frame(2, b"e")
    engine.answer("GET", "/containers/c/json", {"Id": "cc", "Config": {"Tty": tty}})
    engine.answer("GET", "/containers/cc/logs", data)
    assert pier("logs", "c") == (0, data.decode() if out is None else out, err)
    assert engine.last("GET", "/containers/cc/logs").query == {"stdout": ["1"], "stderr": ["1"], "tail": ["all"]}


def test_flags(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/c/json", {"Id": "cc", "Config": {"Tty": True}})
    engine.answer("GET", "/containers/cc/logs", b"")
    argv = ["-ft", "-n3", "--details", "--since", "5", "--until", "1970-01-01T00:00:07Z"]
    assert pier("logs", *argv, "c")[0] == 0
    query = engine.last("GET", "/containers/cc/logs").query
    assert {key: query[key] for key in ("follow", "timestamps", "tail", "details", "since", "until")} == {
        "follow": ["1"],
        "timestamps": ["1"],
        "tail": ["3"],
        "details": ["1"],
        "since": ["5"],
        "until": ["7.000000000"],
    }


def test_a_bad_time(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/c/json", {"Id": "cc", "Config": {"Tty": True}})
    code, _, err = pier("logs", "--since", "soon", "c")
    assert code == 1
    assert err == 'invalid value for "since": failed to parse value as time or duration: "soon"\n'
