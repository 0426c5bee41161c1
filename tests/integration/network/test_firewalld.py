"""Beside a real firewalld, whose forward chain rejects what no zone lets pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.firewalld import RunningFirewalld, running_firewalld
from support.netlab import Lab
from support.network_engine import NetworkEngine, publish
from support.wait import wait_for

pytestmark = pytest.mark.root


@pytest.fixture
def firewalld(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningFirewalld]:
    with running_firewalld(lab, tmp_path / "firewalld", monkeypatch) as running:
        yield running


def test_containers_reach_the_world_and_are_reached(lab: Lab, tmp_path: Path, firewalld: RunningFirewalld) -> None:
    outside = lab.neighbour("outside", 1)
    outside.serve(7000)
    site = NetworkEngine(lab, tmp_path)
    site.start()
    network = site.create()
    other = site.create("other", bridge="pier1")
    web, _, _ = site.container(network, "web", publish("8080"))
    _, endpoint, _ = site.container(network, "peer")
    assert web.ask("10.9.1.2", 7000) == "outside 10.9.1.1"
    assert outside.ask("10.9.1.1", 8080) == "web 10.9.1.2"
    assert web.ask(endpoint.ipv4_address, 80) is not None
    assert firewalld.tell("--zone=trusted", "--list-interfaces").split() == ["pier0", "pier1"]

    site.restart()
    site.remove(other)
    assert firewalld.tell("--zone=trusted", "--list-interfaces").split() == ["pier0"]
    site.teardown()
    assert firewalld.tell("--zone=trusted", "--list-interfaces").split() == []


def test_a_reload_is_followed(lab: Lab, tmp_path: Path, firewalld: RunningFirewalld) -> None:
    outside = lab.neighbour("outside", 1)
    outside.serve(7000)
    site = NetworkEngine(lab, tmp_path)
    site.start()
    web, _, _ = site.container(site.create(), "web")
    site.restart()  # follows from its start on
    assert web.ask("10.9.1.2", 7000) == "outside 10.9.1.1"
    for again in (lambda: firewalld.tell("--reload"), firewalld.restart):
        again()
        wait_for(lambda: web.ask("10.9.1.2", 7000), what="the way out is open again", timeout=10)
    site.teardown()


def test_own_table_only_tells_it_nothing(lab: Lab, tmp_path: Path, firewalld: RunningFirewalld) -> None:
    lab.neighbour("outside", 1).serve(7000)
    site = NetworkEngine(lab, tmp_path, own_table_only=True)
    site.start()
    web, _, _ = site.container(site.create(), "web")
    assert firewalld.tell("--zone=trusted", "--list-interfaces").split() == []
    assert web.cannot_reach("10.9.1.2", 7000)  # this is what it is all for
    site.teardown()
