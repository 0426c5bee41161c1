from fakes.cli import Pier
from fakes.http_engine import HttpEngine, frame, streaming

DETAILS = {"Id": "cc", "Config": {"Tty": False, "OpenStdin": False}, "HostConfig": {"AutoRemove": False}}


def test_start_attached(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/c/json", DETAILS)
    engine.answer("POST", "/containers/cc/wait", {"StatusCode": 3})
    engine.answer("POST", "/containers/cc/start", None, 204)
    engine.routes["POST", "/containers/cc/attach"] = streaming(frame(1, b"hello"))
    assert pier("start", "-a", "c") == (3, "hello", "")
    assert engine.last("POST", "/containers/cc/wait").query == {"condition": ["next-exit"]}


def test_start_of_several(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/a/start", None, 204)
    engine.answer("POST", "/containers/b/start", {"message": "No such container: b"}, 404)
    code, out, err = pier("start", "a", "b")
    assert (code, out) == (1, "a\n")
    assert err == "Error response from daemon: No such container: b\nError: failed to start containers: b\n"
    assert pier("start", "-a", "a", "b")[0] == 1
