"""Events: their order, their attributes, what `since` and `until` choose; and wait's early header."""

import socket
import time
from typing import Any

import pytest
from support.cli import Cli
from support.engine import Engine
from support.events import events_since
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def actions_of(events: list[dict[str, Any]]) -> list[str]:
    """`type action`, the type left out for containers."""
    return [e["Action"] if e["Type"] == "container" else f"{e['Type']} {e['Action']}" for e in events]


def test_a_whole_life_in_order(engine: Engine, image: str) -> None:
    since = time.time()
    engine.docker("run", "--rm", "--name", "life", image, "sh", "-c", "exit 3")
    events = wait_for(
        lambda: (found := events_since(engine, since)) and found[-1]["Action"] == "destroy" and found,
        what="the destroy event",
    )
    assert actions_of(events) == [
        "create", "attach", "network connect", "start", "network disconnect", "die", "destroy",
    ]  # fmt: skip
    die = events[-2]
    assert die["Actor"]["Attributes"]["exitCode"] == "3"
    assert (die["Actor"]["Attributes"]["name"], die["Actor"]["Attributes"]["image"]) == ("life", image)
    assert (die["status"], die["id"], die["from"], die["scope"]) == ("die", die["Actor"]["ID"], image, "local")
    assert die["timeNano"] // 10**9 == die["time"]


def test_stop_of_what_ignores_the_signal(engine: Engine, image: str) -> None:
    script = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    engine.docker("run", "-d", "--name", "deaf", image, "sh", "-c", script).check()
    wait_for(lambda: "up" in engine.docker("logs", "deaf").stdout, what="the trap is set")
    since = time.time()
    engine.docker("stop", "-t", "1", "deaf").check()
    events = events_since(engine, since)
    assert actions_of(events) == ["kill", "kill", "network disconnect", "stop", "die"]
    assert [e["Actor"]["Attributes"]["signal"] for e in events[:2]] == ["15", "9"]


def test_exec_pause_and_rename(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "old-name", image, "sleep", "100").check()
    since = time.time()
    engine.docker("exec", "old-name", "ls", "/bin").check()
    for verb in ("pause", "unpause"):
        engine.docker(verb, "old-name").check()
    engine.docker("rename", "old-name", "new-name").check()
    events = events_since(engine, since)
    assert actions_of(events) == [
        "exec_create: ls /bin",
        "exec_start: ls /bin",
        "exec_die",
        "pause",
        "unpause",
        "rename",
    ]
    assert events[2]["Actor"]["Attributes"]["exitCode"] == "0"
    assert events[-1]["Actor"]["Attributes"]["oldName"] == "/old-name"


def test_filters_and_formats_of_the_clients(cli: Cli, image: str) -> None:
    since = f"{time.time():.3f}"
    cli("run", "--name", "one", "--label", "a=b", image, "true").check()
    cli("run", "--name", "two", image, "true").check()
    options = [
        "events",
        "--since",
        since,
        "--until",
        f"{time.time():.9f}",
        "--format",
        "{{.Action}} {{.Actor.Attributes.name}}",
    ]
    assert cli.out(*options, "--filter", "label=a=b", "--filter", "event=die") == "die one"
    assert cli.out(*options, "--filter", "container=two", "--filter", "event=start") == "start two"
    past = ("events", *options[3:], "--filter", "container=one", "--filter", "event=create")
    assert cli.out(*past).endswith("create one")  # an end alone: all that has been


def test_live_events_come_as_they_happen(cli: Cli, image: str) -> None:
    with cli.on_terminal("events", columns=250) as terminal:
        engine = cli.engine

        def is_listening() -> bool:
            engine.docker("create", "--name", "ping", image).check()
            engine.docker("rm", "ping").check()
            try:
                terminal.expect("container destroy", timeout=1)
            except AssertionError:
                return False
            return True

        wait_for(is_listening, what="the events of a first container")
        engine.docker("run", "-d", "--name", "live", image, "sleep", "100").check()
        terminal.expect("container start")
        terminal.send("\x03")
        terminal.wait()


def test_events_survive_a_restart_of_pierd(engine: Engine, image: str) -> None:
    since = time.time()
    engine.docker("run", "--name", "before", image, "true").check()
    expected = actions_of(events_since(engine, since, container=["before"]))
    assert "die" in expected
    engine.kill()
    engine.start()
    assert actions_of(events_since(engine, since, container=["before"])) == expected


def test_wait_answers_its_header_before_there_is_a_result(engine: Engine, image: str) -> None:
    engine.docker("create", "--name", "later", image, "sh", "-c", "exit 9").check()
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(20)
        raw.connect(engine.socket)
        raw.sendall(b"POST /v1.51/containers/later/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\n\r\n")
        head = read_until(raw, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"StatusCode" not in head
        assert engine.call("POST", "/containers/later/start").status == 204
        read_until(raw, b'"StatusCode":9')


def read_until(connection: socket.socket, text: bytes) -> bytes:
    """All that comes up to this text, in however many pieces."""
    seen = b""
    while text not in seen:
        data = connection.recv(65536)
        assert data, f"closed after {seen!r}"
        seen += data
    return seen


def test_wait_for_removal_fires_when_the_name_is_free(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--rm", "--name", "brief", image, "sleep", "300").check()
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(20)
        raw.connect(engine.socket)
        raw.sendall(b"POST /v1.51/containers/brief/wait?condition=removed HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_until(raw, b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")  # from here on it waits
        engine.docker("kill", "brief").check()
        read_until(raw, b'"StatusCode":137')
        assert engine.call("GET", "/containers/brief/json").status == 404


def test_a_bad_wait_condition_is_400(engine: Engine, image: str) -> None:
    engine.docker("create", "--name", "new", image).check()
    assert engine.call("POST", "/containers/new/wait?condition=nonsense").status == 400
