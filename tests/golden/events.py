"""The events of each action, in their order."""

import time
from collections.abc import Callable
from typing import Any

from support.wait import wait_for

from golden.scenario import scenario
from golden.subject import FULL_IMAGE, IMAGE, Subject, now

_Act = Callable[[], str]


def _sequence(s: Subject, key: str, act: _Act, *others: str) -> None:
    """Records what `act` causes; it returns the id of the container it is about."""
    since = now()
    container_id = act()
    time.sleep(0.3)  # what is published just after the reply
    rows = s.events(since, now(), {container_id, *others})
    s.record(key, [_short(row) for row in rows])


def _short(row: Any) -> dict[str, Any]:
    labels = {"golden", "image", "name"}
    attributes = {name: value for name, value in row["Actor"]["Attributes"].items() if name not in labels}
    return {"event": f"{row['Type']} {row['Action']}", "attributes": attributes}


@scenario
def event_sequences(s: Subject) -> None:
    def run() -> str:
        return s.run("event", "sleep", "1000")

    def post(path: str) -> _Act:
        def act() -> str:
            s.must("POST", f"/containers/golden-event{path}")
            return container_id

        return act

    _sequence(s, "run", run)
    container_id = str(s.inspect("golden-event")["Id"])
    _sequence(s, "pause", post("/pause"))
    _sequence(s, "stop of paused", post("/stop?t=1"))
    _sequence(s, "start", post("/start"))
    _sequence(s, "kill by USR1", post("/kill?signal=USR1"))
    time.sleep(0.2)
    s.call("POST", "/containers/golden-event/start")
    _sequence(s, "stop, term ignored", post("/stop?t=1"))
    s.must("POST", "/containers/golden-event/start")
    _sequence(s, "restart", post("/restart?t=0"))
    _sequence(s, "top", lambda: (s.must("GET", "/containers/golden-event/top"), container_id)[1])
    _sequence(s, "resize", post("/resize?h=24&w=80"))
    _sequence(s, "rename", post("/rename?name=golden-renamed"))
    s.must("POST", "/containers/golden-renamed/rename?name=golden-event")
    _sequence(s, "update", lambda: _update(s, container_id))
    _sequence(s, "exec", lambda: _exec(s, container_id))
    _sequence(s, "copy", lambda: _copy(s, container_id))
    _sequence(s, "rm -f", lambda: (s.must("DELETE", "/containers/golden-event?force=1"), container_id)[1])


def _update(s: Subject, container_id: str) -> str:
    s.must("POST", f"/containers/{container_id}/update", {"CpuShares": 512})
    return container_id


def _exec(s: Subject, container_id: str) -> str:
    body = {"Cmd": ["ls", "/bin"], "AttachStdout": True}
    exec_id = s.must("POST", f"/containers/{container_id}/exec", body)["Id"]
    s.call("POST", f"/exec/{exec_id}/start", {})
    return container_id


def _copy(s: Subject, container_id: str) -> str:
    archive = s.call("GET", f"/containers/{container_id}/archive?path=/etc/passwd").body
    assert s.call("PUT", f"/containers/{container_id}/archive?path=/tmp", archive).status == 200
    return container_id


@scenario
def event_sequences_of_ends(s: Subject) -> None:
    """Containers that end by themselves, are removed by the engine, have volumes, fall ill."""

    def auto_remove() -> str:
        host = {"AutoRemove": True, "Binds": ["golden-event:/named"]}
        container_id = s.run("gone", "true", HostConfig=host, Volumes={"/declared": {}})
        target = f"/containers/{container_id}/json"
        wait_for(lambda: s.call("GET", target).status == 404, what="it is removed", timeout=60)
        return container_id

    def fail() -> str:
        container_id = s.create("fails", Cmd=["nothing-here"])
        s.call("POST", f"/containers/{container_id}/start")
        return container_id

    def falls_ill() -> str:
        check = {"Test": ["CMD", "false"], "Interval": 3_000_000_000, "Retries": 1}
        container_id = s.run("ill", "sleep", "1000", Healthcheck=check)
        s.wait_until(container_id, lambda seen: seen["State"]["Health"]["Status"] == "unhealthy", "unhealthy")
        s.must("POST", f"/containers/{container_id}/pause")  # no second probe, on a slow machine either
        return container_id

    _sequence(s, "auto-remove", auto_remove)
    _sequence(s, "failed start", fail)
    _sequence(s, "unhealthy", falls_ill)


@scenario
def event_sequences_of_objects(s: Subject) -> None:
    """Networks, volumes, images."""
    made: list[str] = []

    def network() -> str:
        made.append(s.must("POST", "/networks/create", {"Name": "golden-event"})["Id"])
        s.run("member", "sleep", "1000", HostConfig={"NetworkMode": "none"})
        return made[0]

    _sequence(s, "network create", network)
    member = s.run("joins", "sleep", "1000")
    _sequence(s, "connect", lambda: _post(s, f"/networks/{made[0]}/connect", {"Container": member}, member))
    _sequence(s, "disconnect", lambda: _post(s, f"/networks/{made[0]}/disconnect", {"Container": member}, member))
    _sequence(s, "network remove", lambda: (s.must("DELETE", f"/networks/{made[0]}"), made[0])[1])
    body = {"Name": "golden-event"}
    _sequence(s, "volume create", lambda: _post(s, "/volumes/create", body, "golden-event"))
    _sequence(s, "volume remove", lambda: (s.must("DELETE", "/volumes/golden-event"), "golden-event")[1])
    image_id = s.must("GET", f"/images/{IMAGE}/json")["Id"]
    full_id = s.must("GET", f"/images/{FULL_IMAGE}/json")["Id"]
    target = f"/images/{IMAGE}/tag?repo=golden/event&tag=1"
    _sequence(s, "tag", lambda: _post(s, target, None, image_id))
    _sequence(s, "untag", lambda: (s.must("DELETE", "/images/golden/event:1"), image_id)[1])
    _sequence(s, "image remove", lambda: (s.must("DELETE", f"/images/{FULL_IMAGE}"), full_id)[1])


def _post(s: Subject, target: str, body: Any, about: str) -> str:
    s.must("POST", target, body)
    return about
