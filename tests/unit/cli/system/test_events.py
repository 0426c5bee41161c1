import json

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.system.events import event_line

EVENT = {
    "status": "die",
    "id": "cc",
    "Type": "container",
    "Action": "die",
    "Actor": {"ID": "cc", "Attributes": {"name": "web", "exitCode": "0"}},
    "scope": "local",
    "time": 1,
    "timeNano": 1000000005,
}


def test_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert event_line(EVENT).endswith(":01.000000005Z container die cc (exitCode=0, name=web)")
    assert event_line({"Type": "image", "Action": "prune", "Actor": {"ID": ""}, "time": 5}).endswith("image prune ")


def test_events(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/events", json.dumps(EVENT) + "\n" + json.dumps(EVENT) + "\n")
    assert len(pier("events", "--since", "5", "-f", "type=container")[1].splitlines()) == 2
    assert engine.last("GET", "/events").query == {"since": ["5"], "filters": ['{"type":{"container":true}}']}
    assert pier("events", "--format", "{{.Action}} {{.Actor.Attributes.name}} {{.Time}}")[1] == "die web 1\n" * 2
    assert pier("events", "--format", "{{.Actor.Attributes.none}}")[1] == "<no value>\n" * 2
    assert json.loads(pier("events", "--format", "json")[1].splitlines()[0]) == EVENT
    assert json.loads(pier("events", "--format", "{{json .}}")[1].splitlines()[0]) == EVENT
