import threading

import pytest
from fakes.http_engine import HttpEngine

from pier.cli.errors import CliError
from pier.cli.parallel import for_each
from pier.cli.session import Session
from pier.client.errors import ApiError, EngineUnreachable


def test_names_are_done_side_by_side_and_reported_in_order(
    engine: HttpEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    barrier = threading.Barrier(3, timeout=20)

    def act(name: str) -> str:
        barrier.wait()
        return name

    assert for_each(Session(engine.address), ["a", "b", "c"], act) == 0
    assert capsys.readouterr().out == "a\nb\nc\n"


def test_refusals_do_not_stop_the_others(engine: HttpEngine, capsys: pytest.CaptureFixture[str]) -> None:
    def act(name: str) -> str:
        if name == "b":
            raise ApiError(409, "no b")
        if name == "c":
            raise CliError("no c")
        return name

    assert for_each(Session(engine.address), ["a", "b", "c", "d"], act) == 1
    captured = capsys.readouterr()
    assert captured.out == "a\nd\n"
    assert captured.err == "Error response from daemon: no b\nno c\n"


def test_a_lost_engine_ends_it(engine: HttpEngine) -> None:
    def act(_: str) -> str:
        raise EngineUnreachable("unix:///x", "gone")

    with pytest.raises(EngineUnreachable):
        for_each(Session(engine.address), ["a"], act)
