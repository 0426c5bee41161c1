from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from fakes.nft import FakeNft

from pier.network import firewall as module
from pier.network.firewall import Firewall
from pier.network.nftables import NftError
from pier.network.ruleset import BridgeRule, PortRule

BRIDGE = BridgeRule(name="pier0", subnets=(IPv4Network("172.17.0.0/16"),))
OTHER = BridgeRule(name="pier1", subnets=(IPv4Network("10.0.0.0/24"),))
PORT = PortRule(protocol="tcp", host_ip="0.0.0.0", host_port=8080, address="172.17.0.2", port=80, owner="e1")


@pytest.fixture
def nft() -> FakeNft:
    return FakeNft()


@pytest.fixture
def firewall(nft: FakeNft, monkeypatch: pytest.MonkeyPatch) -> Firewall:
    made = Firewall("x", own_table_only=True, nft=nft)
    monkeypatch.setattr(made, "_enable_forwarding", lambda: None)
    made.start([BRIDGE], [])
    nft.ran.clear()
    return made


def test_port_costs_one_small_transaction(firewall: Firewall, nft: FakeNft) -> None:
    firewall.change_ports(added=[PORT])
    firewall.change_ports(removed=[PORT])
    firewall.change_ports(removed=[PORT])  # no longer there: nothing to do
    assert [text.split()[:2] for text in nft.ran] == [["add", "element"], ["delete", "element"]]


def test_bridge_costs_elements_and_no_new_table(firewall: Firewall, nft: FakeNft) -> None:
    firewall.add_bridge(OTHER)
    firewall.remove_bridge("pier1")
    firewall.remove_bridge("pier1")
    assert [{tuple(line.split()[:2]) for line in text.splitlines()} for text in nft.ran] == [
        {("add", "element")},
        {("delete", "element")},
    ]


def test_refused_change_puts_up_a_table_that_is_gone(firewall: Firewall, nft: FakeNft) -> None:
    nft.tables.clear()
    nft.refused = {1}
    firewall.change_ports(added=[PORT])
    assert nft.ran[1].startswith("add table inet pier_x\ndelete table inet pier_x")
    assert "tcp . 8080" in nft.ran[1]


def test_change_that_fails_twice_is_forgotten(firewall: Firewall, nft: FakeNft) -> None:
    nft.tables.clear()
    nft.refused = {1, 2}
    with pytest.raises(NftError):
        firewall.change_ports(added=[PORT])
    firewall.refresh()
    assert nft.ran[2].startswith("add table inet pier_x")
    assert "8080" not in nft.ran[2]


def test_bridge_whose_rules_fail_is_forgotten(firewall: Firewall, nft: FakeNft) -> None:
    nft.tables.clear()
    nft.refused = {1, 2}
    with pytest.raises(NftError):
        firewall.add_bridge(OTHER)
    firewall.refresh()
    assert nft.ran[2].startswith("add table inet pier_x")
    assert "pier1" not in nft.ran[2]


def test_bridge_whose_new_rules_fail_keeps_those_it_had(firewall: Firewall, nft: FakeNft) -> None:
    firewall.add_bridge(OTHER)
    nft.tables.clear()
    nft.refused = {2, 3}
    with pytest.raises(NftError):
        firewall.add_bridge(replace(OTHER, internal=not OTHER.internal))
    firewall.refresh()
    assert "pier1" in "".join(nft.ran[3:])


def test_refresh_puts_back_what_is_missing_and_nothing_else(firewall: Firewall, nft: FakeNft) -> None:
    nft.elements = {"bridges": ["pier0", "stray"]}
    firewall.refresh()
    (text,) = nft.ran
    assert text.startswith('delete element inet pier_x bridges { "stray" }\n')
    assert "table inet pier_x {" not in text


def test_flows_of_udp_ports_are_forgotten_and_failure_to_do_so_is_not_fatal(
    firewall: Firewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []

    def forget(ports: Sequence[int]) -> None:
        asked.append(list(ports))
        raise PermissionError

    monkeypatch.setattr(module, "forget_udp_flows", forget)
    udp = PortRule(protocol="udp", host_ip="0.0.0.0", host_port=53, address="172.17.0.2", port=53, owner="e1")
    firewall.change_ports(added=[PORT, udp])
    assert asked == [[53]]
