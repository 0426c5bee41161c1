"""What firewalld is asked, with its zones in a dict; the bus itself is tested with a real firewalld."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pier.network.firewalld import Firewalld, FirewalldError, Zones, dbus_zones


class FakeZones:
    """`of` is the zone of each interface that was put into one."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        self.error = ""

    @contextmanager
    def connect(self) -> Iterator[Zones]:
        if self.error:
            raise FirewalldError(self.error)
        yield self

    def find(self, interface: str) -> str:
        return self.of.get(interface, "")

    def add(self, zone: str, interface: str) -> None:
        assert interface not in self.of  # firewalld would refuse
        self.of[interface] = zone

    def remove(self, zone: str, interface: str) -> None:
        assert self.of.pop(interface) == zone


@pytest.fixture
def zones() -> FakeZones:
    return FakeZones()


def test_bridges_come_and_go(zones: FakeZones) -> None:
    firewalld = Firewalld(zones.connect)
    assert firewalld.sync(["pier0", "pier1"]) == {"pier0", "pier1"}
    assert firewalld.sync(["pier0", "pier1"]) == {"pier0", "pier1"}
    assert zones.of == {"pier0": "trusted", "pier1": "trusted"}
    assert firewalld.sync(["pier1"]) == {"pier1"}
    assert zones.of == {"pier1": "trusted"}


def test_a_firewalld_that_was_started_anew_is_told_again(zones: FakeZones) -> None:
    firewalld = Firewalld(zones.connect)
    firewalld.sync(["pier0", "pier1"])
    zones.of.clear()
    firewalld.sync(["pier0"])
    assert zones.of == {"pier0": "trusted"}


def test_a_pierd_that_was_started_anew_knows_its_own(zones: FakeZones) -> None:
    Firewalld(zones.connect).sync(["pier0"])
    again = Firewalld(zones.connect)
    assert again.sync(["pier0"]) == {"pier0"}
    again.sync([])
    assert zones.of == {}


def test_the_administrators_choice_stands(zones: FakeZones) -> None:
    zones.of = {"pier0": "internal"}
    firewalld = Firewalld(zones.connect)
    assert firewalld.sync(["pier0"]) == frozenset()
    assert zones.of == {"pier0": "internal"}
    firewalld.sync([])
    assert zones.of == {"pier0": "internal"}


def test_trouble_is_said_once_with_what_to_do(zones: FakeZones, caplog: pytest.LogCaptureFixture) -> None:
    zones.error = "no bus"
    firewalld = Firewalld(zones.connect)
    assert firewalld.sync(["pier0", "pier1"]) == frozenset()
    assert caplog.records == []  # it may be starting
    for _ in range(2):
        firewalld.sync(["pier0", "pier1"])
    (record,) = caplog.records
    assert "cannot be told of Pier's bridges (no bus)" in record.message
    assert "firewall-cmd --zone=trusted --add-interface=pier0 --add-interface=pier1" in record.message
    zones.error = ""
    assert firewalld.sync(["pier0"]) == {"pier0"}


def test_a_bus_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/no/such/bus")
    with pytest.raises(FirewalldError, match="no connection to the system bus"), dbus_zones():
        pass
