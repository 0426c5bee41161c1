from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

import pytest

from pier.network.ruleset import (
    BridgeRule,
    Element,
    PortRule,
    bridge_elements,
    port_element,
    render_change,
    render_removal,
    render_table,
)

BRIDGE = BridgeRule(name="pier0", subnets=(IPv4Network("172.17.0.0/16"),))
ANYWHERE = PortRule(protocol="tcp", host_ip="0.0.0.0", host_port=8080, address="172.17.0.2", port=80, owner="e1")
LOCAL = PortRule(protocol="udp", host_ip="127.0.0.1", host_port=53, address="172.17.0.3", port=5353, owner="e2")


def test_table_is_replaced_in_one_go() -> None:
    lines = render_table("pier_x", []).splitlines()
    assert lines[:3] == ["add table inet pier_x", "delete table inet pier_x", "table inet pier_x {"]


def test_bridges_and_ports_are_elements_and_never_rules() -> None:
    elements = [*bridge_elements(BRIDGE), port_element(ANYWHERE)]
    without, text = render_table("pier_x", []), render_table("pier_x", elements)
    assert text == without + render_change("pier_x", elements, [])


def test_change_removes_before_it_adds() -> None:
    assert render_change("pier_x", [port_element(ANYWHERE)], [port_element(LOCAL)]).splitlines() == [
        "delete element inet pier_x published { udp . 127.0.0.1 . 53 }",
        'add element inet pier_x published_anywhere { tcp . 8080 comment "e1" : 172.17.0.2 . 80 }',
    ]


def test_elements_of_one_set_are_changed_together() -> None:
    several = [Element("bridges", '"pier0"'), Element("bridges", '"pier1"')]
    assert render_change("pier_x", several, []) == 'add element inet pier_x bridges { "pier0", "pier1" }\n'


def test_masquerade_of_the_subnet_is_left_out_where_asked_and_where_internal() -> None:
    for rule, expected in (
        (BRIDGE, True),
        (BridgeRule(name="pier0", subnets=BRIDGE.subnets, masquerade=False), False),
        (BridgeRule(name="pier0", subnets=BRIDGE.subnets, internal=True), False),
    ):
        elements = bridge_elements(rule)
        assert (Element("masqueraded", "172.17.0.0/16") in elements) is expected
        assert Element("homes", '"pier0" . 172.17.0.0/16') in elements


def test_sets_hold_what_a_bridge_is() -> None:
    apart = BridgeRule(name="pier1", subnets=(IPv4Network("10.0.0.0/24"),), internal=True, connected=False)
    homes = {name: [one.home for one in bridge_elements(rule)] for name, rule in (("pier0", BRIDGE), ("pier1", apart))}
    assert homes == {
        "pier0": ["bridges", "homes", "masqueraded", "connected"],
        "pier1": ["bridges", "homes", "internal"],
    }


def test_each_family_has_its_sets_and_maps() -> None:
    both = BridgeRule(name="pier0", subnets=(IPv4Network("10.0.0.0/24"), IPv6Network("fd07::/64")))
    texts = {one.home: str(one) for one in bridge_elements(both)}
    assert texts["homes6"] == '"pier0" . fd07::/64'
    assert texts["masqueraded6"] == "fd07::/64"
    everywhere = PortRule(protocol="tcp", host_ip="::", host_port=80, address="fd07::2", port=8080, owner="e")
    assert port_element(everywhere) == Element("published6_anywhere", "tcp . 80", "fd07::2 . 8080", "e")
    there = port_element(replace(everywhere, host_ip="fd01::1"))
    assert (there.home, there.key) == ("published6", "tcp . fd01::1 . 80")


def test_other_ways_in_are_elements_too() -> None:
    open_ = BridgeRule(name="pier0", subnets=(IPv4Network("10.0.0.0/24"), IPv6Network("fd07::/64")))
    routed = replace(open_, routed=frozenset({4}), unprotected=frozenset({6}))
    homes = [one.home for one in bridge_elements(routed)]
    assert homes == ["bridges", "homes", "routed", "homes6", "unprotected6", "masqueraded6", "connected"]
    inside = PortRule(protocol="tcp", host_ip="0.0.0.0", host_port=0, address="10.0.0.2", port=80, owner="e")
    assert port_element(inside) == Element("direct", "tcp . 10.0.0.2 . 80", comment="e")


def test_removal_succeeds_whether_the_table_is_there_or_not() -> None:
    assert render_removal("pier_x") == "add table inet pier_x\ndelete table inet pier_x\n"


def test_name_that_would_end_its_quotes_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        bridge_elements(BridgeRule(name='a" accept', subnets=BRIDGE.subnets))


def test_sources_and_trusted_interfaces_are_elements() -> None:
    rule = BridgeRule(
        name="pier0",
        subnets=(IPv4Network("10.0.0.0/24"), IPv6Network("fd07::/64")),
        sources={4: "192.0.2.7"},
        trusted=("eth0",),
    )
    elements = bridge_elements(rule)
    assert Element("translated", "10.0.0.0/24", "192.0.2.7") in elements
    assert Element("masqueraded6", "fd07::/64") in elements
    assert Element("trusted", '"eth0" . "pier0"') in elements
    assert "masqueraded" not in {element.home for element in elements}
    assert "translated" not in {one.home for one in bridge_elements(replace(rule, masquerade=False))}
    exposed = replace(ANYWHERE, host_port=0, exposed=True)
    assert port_element(exposed) == Element("exposed", "tcp . 172.17.0.2 . 80", comment="e1")
