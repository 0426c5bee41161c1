"""`ps` and `container prune`: every filter, sizes, limits."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def listed(engine: Engine, query: str = "", **filters: list[str]) -> list[str]:
    """Names, newest first."""
    reply = engine.call("GET", f"/containers/json?filters={quote(json.dumps(filters))}{query}")
    assert reply.status == 200, reply.body
    return [row["Names"][0][1:] for row in reply.json()]


@pytest.fixture
def several(engine: Engine, image: str) -> Iterator[Engine]:
    """Four containers: `web` runs and is healthy, `db` runs, `job` has exited with 3, `new` was never started."""
    engine.docker("network", "create", "backend").check()
    web = ("--name", "web", "--label", "tier=front", "-p", "127.0.0.1::80", "--expose", "90/udp")
    check = ("--health-cmd", "true", "--health-interval", "100ms")
    engine.docker("run", "-d", *web, *check, image, "sleep", "1000").check()
    engine.docker(
        "run", "-d", "--name", "db", "--network", "backend", "-v", "data:/data", image, "sleep", "1000"
    ).check()
    engine.docker("run", "--name", "job", "--label", "tier=back", image, "sh", "-c", "exit 3")
    engine.docker("create", "--name", "new", "--label", "tier", image, "true").check()
    wait_for(lambda: listed(engine, health=["healthy"]) == ["web"], what="web is healthy")
    yield engine
    engine.docker("rm", "-f", "db").check()
    engine.docker("volume", "rm", "data").check()


def test_every_filter(several: Engine, image: str) -> None:
    ids = {row["Names"][0][1:]: row["Id"] for row in several.call("GET", "/containers/json?all=1").json()}
    image_id = several.call("GET", f"/images/{image}/json").json()["Id"]
    host_port = several.docker("port", "web", "80").check().stdout.rpartition(":")[2].strip()
    cases: list[tuple[str, dict[str, list[str]], list[str]]] = [
        ("", {}, ["db", "web"]),
        ("&all=1", {}, ["new", "job", "db", "web"]),
        ("&limit=1", {}, ["new"]),
        ("&all=1", {"ancestor": [image]}, ["new", "job", "db", "web"]),
        ("&all=1", {"ancestor": [image_id[7:19], "absent"]}, ["new", "job", "db", "web"]),
        ("&all=1", {"ancestor": ["absent"]}, []),
        ("", {"before": ["db"]}, ["web"]),
        ("", {"since": [ids["web"]]}, ["db"]),
        ("&all=1", {"since": [ids["db"]]}, ["new", "job"]),
        ("&all=1", {"exited": ["3"]}, ["job"]),
        ("&all=1", {"exited": ["0"]}, []),
        ("", {"expose": ["90/udp"]}, ["web"]),
        ("", {"expose": ["80-100/udp"]}, ["web"]),
        ("", {"publish": ["80"]}, []),
        ("", {"publish": [host_port]}, ["web"]),
        ("", {"publish": [f"{host_port}/udp"]}, []),
        ("", {"health": ["none"]}, ["db"]),
        ("&all=1", {"id": [ids["job"][:10]]}, ["job"]),
        ("&all=1", {"is-task": ["true"]}, []),
        ("&all=1", {"label": ["tier"]}, ["new", "job", "web"]),
        ("&all=1", {"label": ["tier", "tier=back"]}, ["job"]),
        ("", {"name": ["b"]}, ["db", "web"]),
        ("", {"name": ["^/w"]}, ["web"]),
        ("", {"name": ["("]}, []),  # no regular expression matches nothing, as with dockerd
        ("", {"network": ["backend"]}, ["db"]),
        ("", {"network": ["bridge", "backend"]}, ["db", "web"]),
        ("", {"status": ["created", "exited"]}, ["new", "job"]),
        ("", {"volume": ["data"]}, ["db"]),
        ("", {"volume": ["/data"]}, ["db"]),
        ("", {"name": ["b"], "network": ["backend"]}, ["db"]),
    ]
    for query, filters, names in cases:
        assert listed(several, query, **filters) == names, filters


@pytest.mark.parametrize(
    "filters",
    [{"foo": ["x"]}, {"status": ["x"]}, {"health": ["x"]}, {"exited": ["x"]}, {"publish": ["x"]}],
)
def test_bad_filters_are_400(engine: Engine, filters: dict[str, list[str]]) -> None:
    assert engine.call("GET", f"/containers/json?filters={quote(json.dumps(filters))}").status == 400


def test_unknown_containers_in_filters_are_404(engine: Engine) -> None:
    assert engine.call("GET", '/containers/json?filters={"before":["nobody"]}').status == 404


def test_sizes_count_what_a_container_wrote(engine: Engine, image: str) -> None:
    engine.docker("run", "--name", "fat", image, "sh", "-c", "head -c 3000000 /dev/zero > /big").check()
    (row,) = engine.call("GET", "/containers/json?all=1&size=1").json()
    assert 3_000_000 <= row["SizeRw"] < 3_200_000
    assert row["SizeRootFs"] > row["SizeRw"]
    (plain,) = engine.call("GET", "/containers/json?all=1").json()
    assert "SizeRw" not in plain
    assert engine.docker("ps", "-as", "--format", "{{.Size}}").check().stdout.startswith("3.01MB (virtual ")


def pruned(engine: Engine, **filters: list[str]) -> Any:
    reply = engine.call("POST", f"/containers/prune?filters={quote(json.dumps(filters))}")
    assert reply.status == 200, reply.body
    return reply.json()


def test_prune_takes_what_its_filters_say_and_tells_what_came_back(several: Engine) -> None:
    ids = {row["Names"][0][1:]: row["Id"] for row in several.call("GET", "/containers/json?all=1").json()}
    assert pruned(several, until=["1h"]) == {"ContainersDeleted": None, "SpaceReclaimed": 0}
    assert pruned(several, label=["tier=front"])["ContainersDeleted"] is None  # it runs
    several.docker("start", "-a", "job")
    assert pruned(several, **{"label!": ["tier=back"]})["ContainersDeleted"] == [ids["new"]]
    assert pruned(several, label=["tier=back"])["ContainersDeleted"] == [ids["job"]]
    assert listed(several, "&all=1") == ["db", "web"]
    assert several.call("POST", '/containers/prune?filters={"name":["x"]}').status == 400
