from ipaddress import IPv4Network

import pytest
from fakes.nft import FakeNft

from pier.network.ruleset import BridgeRule, Element, PortRule, bridge_elements, port_element
from pier.network.table import OwnTable, read_elements

BRIDGE = bridge_elements(BridgeRule(name="pier0", subnets=(IPv4Network("172.17.0.0/16"),)))
PORT = port_element(
    PortRule(protocol="tcp", host_ip="127.0.0.1", host_port=8080, address="172.17.0.2", port=80, owner="e1")
)


@pytest.fixture
def nft() -> FakeNft:
    return FakeNft()


@pytest.fixture
def table(nft: FakeNft) -> OwnTable:
    return OwnTable(nft, "x")


def test_table_of_this_version_is_not_replaced_by_the_next_start(table: OwnTable, nft: FakeNft) -> None:
    table.settle([])
    nft.ran.clear()
    OwnTable(nft, "x").settle([PORT])
    assert nft.ran == ['add element inet pier_x published { tcp . 127.0.0.1 . 8080 comment "e1" : 172.17.0.2 . 80 }\n']


def test_table_that_stands_as_wanted_costs_no_transaction(table: OwnTable, nft: FakeNft) -> None:
    table.settle([])
    nft.ran.clear()
    table.settle([])
    assert nft.ran == []


def test_while_a_table_is_replaced_another_like_it_stands(table: OwnTable, nft: FakeNft) -> None:
    table.settle([])
    nft.tables["pier_x"].append({"rule": {"handle": 9, "expr": [{"accept": None}]}})  # somebody meddled with it
    nft.standing.clear()
    nft.ran.clear()

    table.settle([PORT])

    replacement = next(number for number, text in enumerate(nft.ran) if text.startswith("add table inet pier_x\n"))
    assert "pier-spare_x" in nft.standing[replacement - 1]
    assert "8080" in nft.ran[replacement - 1]
    assert nft.standing[-1] == {"pier_x"}
    nft.ran.clear()
    table.settle([])
    assert nft.ran == []


def test_spare_goes_also_when_the_replacement_fails(table: OwnTable, nft: FakeNft) -> None:
    nft.tables["pier_x"] = [{"rule": {"expr": []}}]  # of another version
    nft.refused = {2}
    with pytest.raises(Exception, match="refused"):
        table.settle([])
    assert nft.standing[-1] == {"pier_x"}


def test_spare_of_a_killed_engine_is_removed(table: OwnTable, nft: FakeNft) -> None:
    table.settle([])
    nft.tables["pier-spare_x"] = []
    table.settle([])
    assert nft.standing[-1] == {"pier_x"}


def test_listing_is_read_as_it_was_written() -> None:
    prefix = {"prefix": {"addr": "172.17.0.0", "len": 16}}
    listing: list[dict[str, object]] = [
        {"set": {"name": "bridges", "type": "ifname", "elem": ["pier0"]}},
        {"set": {"name": "connected", "type": ["ifname", "ifname"], "elem": [{"concat": ["pier0", "pier0"]}]}},
        {"set": {"name": "homes", "type": ["ifname", "ipv4_addr"], "elem": [{"concat": ["pier0", prefix]}]}},
        {"set": {"name": "masqueraded", "type": "ipv4_addr", "elem": [prefix]}},
        {
            "map": {
                "name": "published",
                "type": ["inet_proto", "ipv4_addr", "inet_service"],
                "map": "ipv4_addr . inet_service",
                "elem": [
                    [
                        {"elem": {"val": {"concat": ["tcp", "127.0.0.1", 8080]}, "comment": "e1"}},
                        {"concat": ["172.17.0.2", 80]},
                    ]
                ],
            }
        },
        {"set": {"name": "internal", "type": "ifname"}},
    ]
    assert read_elements(listing) == {*BRIDGE, PORT}
    assert Element("bridges", '"pier0"') in read_elements(listing)
