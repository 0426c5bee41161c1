from ipaddress import IPv4Network

import pytest

from pier.network.ruleset import BridgeRule, PortRule, render_change, render_removal, render_table

BRIDGE = BridgeRule(name="pier0", subnet=IPv4Network("172.17.0.0/16"))
ANYWHERE = PortRule(protocol="tcp", host_ip="0.0.0.0", host_port=8080, address="172.17.0.2", port=80, owner="e1")
LOCAL = PortRule(protocol="udp", host_ip="127.0.0.1", host_port=53, address="172.17.0.3", port=5353, owner="e2")


def test_table_is_replaced_in_one_go() -> None:
    lines = render_table("pier_x", [BRIDGE], []).splitlines()
    assert lines[:3] == ["add table inet pier_x", "delete table inet pier_x", "table inet pier_x {"]


def test_port_is_a_map_element_and_never_a_rule() -> None:
    without = render_table("pier_x", [BRIDGE], [])
    with_ports = render_table("pier_x", [BRIDGE], [ANYWHERE, LOCAL])
    assert len(without.splitlines()) == len(with_ports.splitlines())
    assert '{ tcp . 8080 comment "e1" : 172.17.0.2 . 80 }' in with_ports
    assert '{ udp . 127.0.0.1 . 53 comment "e2" : 172.17.0.3 . 5353 }' in with_ports


def test_change_removes_before_it_adds() -> None:
    assert render_change("pier_x", [ANYWHERE], [LOCAL]).splitlines() == [
        "delete element inet pier_x published { udp . 127.0.0.1 . 53 }",
        'add element inet pier_x published_anywhere { tcp . 8080 comment "e1" : 172.17.0.2 . 80 }',
    ]


def test_masquerade_of_the_subnet_is_left_out_where_asked_and_where_internal() -> None:
    leaving = 'oifname != "pier0" ip saddr 172.17.0.0/16 masquerade'
    for rule, expected in (
        (BRIDGE, True),
        (BridgeRule(name="pier0", subnet=BRIDGE.subnet, masquerade=False), False),
        (BridgeRule(name="pier0", subnet=BRIDGE.subnet, internal=True), False),
    ):
        text = render_table("pier_x", [rule], [])
        assert (leaving in text) is expected
        assert 'oifname "pier0" ip saddr 172.17.0.0/16 ct status dnat masquerade' in text


def test_sets_hold_what_a_bridge_is() -> None:
    apart = BridgeRule(name="pier1", subnet=IPv4Network("10.0.0.0/24"), internal=True, connected=False)
    text = render_table("pier_x", [BRIDGE, apart], [])
    assert 'set bridges { type ifname; elements = { "pier0", "pier1" }; }' in text
    assert 'set internal { type ifname; elements = { "pier1" }; }' in text
    assert 'set connected { type ifname . ifname; elements = { "pier0" . "pier0" }; }' in text


def test_removal_succeeds_whether_the_table_is_there_or_not() -> None:
    assert render_removal("pier_x") == "add table inet pier_x\ndelete table inet pier_x\n"


def test_name_that_would_end_its_quotes_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        render_table("pier_x", [BridgeRule(name='a" accept', subnet=BRIDGE.subnet)], [])
