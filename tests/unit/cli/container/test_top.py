from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_what_follows_the_name_goes_to_ps(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/c/top", {"Titles": ["PID", "CMD"], "Processes": [["1", "sleep 1"]]})
    assert pier("top", "c", "-o", "pid,cmd") == (0, f"PID{' ' * 17}CMD\n1{' ' * 19}sleep 1\n", "")
    assert engine.last("GET", "/containers/c/top").query == {"ps_args": ["-o pid,cmd"]}
