from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_what_was_stopped_is_printed_unless_quiet(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/system/shutdown", {"ContainersStopped": ["a1", "b2"], "Failures": {}})
    assert pier("system", "shutdown") == (0, "a1\nb2\n", "")
    assert pier("system", "shutdown", "--quiet") == (0, "", "")


def test_a_container_that_goes_on_is_a_failure(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/system/shutdown", {"ContainersStopped": ["a1"], "Failures": {"b2": "it hangs"}})
    code, out, err = pier("system", "shutdown")
    assert (code, out) == (1, "a1\n")
    assert "b2: it hangs" in err
