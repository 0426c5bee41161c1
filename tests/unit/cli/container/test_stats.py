import json
import socket
from typing import Any

from fakes.cli import Pier
from fakes.http_engine import HttpEngine, Request

from pier.cli.container.stats import Board
from pier.cli.session import Session


def sample(name: str) -> dict[str, Any]:
    return {"id": name, "name": f"/{name}", "pids_stats": {"current": 1}}


def test_one_shot_of_named_containers_reports_the_missing(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/a/stats", sample("a"))
    code, out, err = pier("stats", "--no-stream", "--format", "{{.Name}}", "a", "b")
    assert (code, out) == (1, "a\n")
    assert "Error response from daemon: " in err
    assert engine.last("GET", "/containers/a/stats").query == {"stream": ["0"]}


def test_one_shot_of_all(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/json", [{"Id": "a"}, {"Id": "b"}])
    for name in "ab":
        engine.answer("GET", f"/containers/{name}/stats", sample(name))
    assert pier("stats", "-a", "--no-stream", "--format", "{{.Name}}")[1] == "a\nb\n"
    assert engine.last("GET", "/containers/json").query == {"all": ["1"]}


def test_the_live_view_of_a_named_container_ends_with_it(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/a/stats", json.dumps(sample("a")) + "\n" + json.dumps(sample("a2")) + "\n")
    code, out, _ = pier("stats", "--format", "{{.Name}}", "a")
    assert code == 0
    assert out.splitlines()[-1] == "a2"


def test_the_live_view_of_a_missing_container_fails(engine: HttpEngine, pier: Pier) -> None:
    code, _, err = pier("stats", "nope")
    assert code == 1
    assert "Error response from daemon" in err
    assert pier("stats", "--no-stream", "nope")[:2] == (1, "")
    engine.answer("GET", "/containers/json", [])
    assert pier("stats", "--no-stream")[1].startswith("CONTAINER ID")


def test_events_add_and_drop_rows(engine: HttpEngine) -> None:
    def endless(_: Request, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(sample("a")).encode() + b"\n")
        connection.recv(1)

    def events(_: Request, connection: socket.socket) -> None:
        lines = [{"Action": "start", "Actor": {"ID": "a"}}, {"Action": "start", "Actor": {"ID": "b"}}]
        lines.append({"Action": "die", "Actor": {"ID": "b"}})
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        connection.recv(1)

    engine.routes["GET", "/containers/a/stats"] = endless
    engine.routes["GET", "/containers/b/stats"] = endless
    engine.routes["GET", "/events"] = events
    board = Board(Session(engine.address))
    board.follow_events(everyone=False)
    while [row.name for row in board.rows()] != ["a"]:
        pass
    assert not board.finished()
    assert json.loads(engine.last("GET", "/events").query["filters"][0]) == {"type": {"container": True}}
