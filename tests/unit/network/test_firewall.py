from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

import pytest

from pier.network import firewall as module
from pier.network.firewall import Firewall
from pier.network.nftables import Nftables, NftError
from pier.network.ruleset import BridgeRule, PortRule

BRIDGE = BridgeRule(name="pier0", subnet=IPv4Network("172.17.0.0/16"))
PORT = PortRule(protocol="tcp", host_ip="0.0.0.0", host_port=8080, address="172.17.0.2", port=80, owner="e1")


class FlakyNft(Nftables):
    """Remembers transactions; those whose number is in `refused` fail."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[str] = []
        self.refused: set[int] = set()
        self.tables: list[dict[str, object]] = []

    def run(self, commands: str) -> None:
        self.ran.append(commands)
        if len(self.ran) in self.refused:
            raise NftError("the packet filter refused a change: Error: No such file or directory")

    def query(self, command: str) -> Sequence[Mapping[str, object]]:
        return self.tables if command.startswith("list tables") else []


@pytest.fixture
def nft() -> FlakyNft:
    return FlakyNft()


@pytest.fixture
def firewall(nft: FlakyNft) -> Firewall:
    made = Firewall("x", own_table_only=False, nft=nft)
    made.add_bridge(BRIDGE)
    nft.ran.clear()
    return made


def test_port_costs_one_small_transaction(firewall: Firewall, nft: FlakyNft) -> None:
    firewall.change_ports(added=[PORT])
    firewall.change_ports(removed=[PORT])
    firewall.change_ports(removed=[PORT])  # no longer there: nothing to do
    assert [text.split()[:2] for text in nft.ran] == [["add", "element"], ["delete", "element"]]


def test_refused_change_puts_the_whole_table_up_anew(firewall: Firewall, nft: FlakyNft) -> None:
    nft.refused = {1}
    firewall.change_ports(added=[PORT])
    assert "tcp . 8080" in nft.ran[1]
    assert nft.ran[1].startswith("add table inet pier_x\ndelete table inet pier_x")


def test_change_that_fails_twice_is_forgotten(firewall: Firewall, nft: FlakyNft) -> None:
    nft.refused = {1, 2}
    with pytest.raises(NftError):
        firewall.change_ports(added=[PORT])
    firewall.add_bridge(BRIDGE)
    assert "8080" not in nft.ran[-1]


def test_bridge_whose_rules_fail_is_forgotten(firewall: Firewall, nft: FlakyNft) -> None:
    nft.refused = {1}
    with pytest.raises(NftError):
        firewall.add_bridge(BridgeRule(name="pier1", subnet=IPv4Network("10.0.0.0/24")))
    firewall.add_bridge(BRIDGE)
    assert "pier1" not in nft.ran[-1]


def test_refresh_rebuilds_only_a_table_that_is_gone(firewall: Firewall, nft: FlakyNft) -> None:
    nft.tables = [{"table": {"family": "inet", "name": "pier_x"}}]
    firewall.refresh()
    assert nft.ran == []
    nft.tables = []
    firewall.refresh()
    assert nft.ran[0].startswith("add table inet pier_x")


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
