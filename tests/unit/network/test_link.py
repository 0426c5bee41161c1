"""Our messages against an oracle: pyroute2 reads what we made, we read what it made."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any

import pytest
from pyroute2 import IPRoute
from support.netlab import Lab

from pier.network.link import Links, VethRequest
from pier.network.netns import write_sysctl

pytestmark = pytest.mark.root


def with_links(lab: Lab, work: Callable[[Links], Any]) -> Any:
    def inside() -> Any:
        with Links() as links:
            return work(links)

    return lab.do(inside)


def with_oracle(lab: Lab, work: Callable[[Any], Any]) -> Any:
    def inside() -> Any:
        with IPRoute() as oracle:
            return work(oracle)

    return lab.do(inside)


def make_bridge(links: Links) -> int:
    links.create_bridge("br7", mac="02:42:00:00:00:07", alias="pier:seven", mtu=1400)
    found = links.find("br7")
    assert found is not None
    links.add_address(found.index, IPv4Interface("10.7.0.1/24"))
    links.set_up("br7")
    return found.index


def test_bridge_is_what_the_oracle_reads(lab: Lab) -> None:
    with_links(lab, make_bridge)

    link = with_oracle(lab, lambda oracle: oracle.link("get", ifname="br7")[0])
    assert link.get(("linkinfo", "kind")) == "bridge"
    assert link.get("address") == "02:42:00:00:00:07"
    assert link.get("ifalias") == "pier:seven"
    assert link.get("mtu") == 1400
    assert link["flags"] & 1
    address = with_oracle(lab, lambda oracle: next(iter(oracle.get_addr(label="br7"))))
    assert (address.get("address"), address["prefixlen"]) == ("10.7.0.1", 24)
    assert address.get("broadcast") == "10.7.0.255"


def test_veth_is_what_the_oracle_reads(lab: Lab, tmp_path: Path) -> None:
    index = with_links(lab, make_bridge)
    inside = lab.neighbour("inside", 1)
    request = VethRequest(
        name="veth7", master=index, peer_name="eth7", peer_mac="02:42:0a:07:00:02", netns=inside.netns, mtu=1400
    )

    def make(links: Links) -> None:
        links.create_veth(request)
        links.configure_port("veth7", isolated=True)

    with_links(lab, make)

    port = with_oracle(lab, lambda oracle: oracle.link("get", ifname="veth7")[0])
    assert port.get("master") == index
    assert port.get(("linkinfo", "kind")) == "veth"
    assert port["flags"] & 1
    slave = port.get(("linkinfo", "slave_data"))
    assert slave.get("IFLA_BRPORT_MODE") == 1
    assert lab.sh("bridge -d link show dev veth7").count("isolated on") == 1
    peer = inside.do(lambda: IPRoute().link("get", ifname="eth7")[0])
    assert peer.get("address") == "02:42:0a:07:00:02"
    assert peer.get("mtu") == 1400


def test_what_the_oracle_made_is_what_we_read(lab: Lab) -> None:
    def make(oracle: Any) -> None:
        oracle.link("add", ifname="other0", kind="bridge", address="02:00:00:00:00:01")
        index = oracle.link_lookup(ifname="other0")[0]
        oracle.link("set", index=index, state="up")
        oracle.addr("add", index=index, address="10.8.0.1", prefixlen=16)
        oracle.route("add", dst="10.20.0.0/16", gateway="10.8.0.9")
        oracle.route("add", dst="default", gateway="10.8.0.9")

    with_oracle(lab, make)

    link = with_links(lab, lambda links: links.find("other0"))
    assert (link.kind, link.mac, link.alias, link.up) == ("bridge", "02:00:00:00:00:01", "", True)
    assert with_links(lab, lambda links: list(links.addresses(link.index))) == [IPv4Interface("10.8.0.1/16")]
    routes = with_links(lab, lambda links: {route.subnet: route.gateway for route in links.routes()})
    assert routes == {IPv4Network("10.8.0.0/16"): None, IPv4Network("10.20.0.0/16"): IPv4Address("10.8.0.9")}
    assert {"lo", "other0"} <= with_links(lab, lambda links: {one.name for one in links.list()})


def test_default_route_replaces_the_one_there_was(lab: Lab) -> None:
    with_links(lab, make_bridge)

    def set_one_after_the_other(links: Links) -> None:
        for gateway in ("10.7.0.2", "10.7.0.3"):
            links.set_default_route(IPv4Address(gateway))

    with_links(lab, set_one_after_the_other)

    defaults = with_oracle(lab, lambda oracle: list(oracle.get_default_routes()))
    assert [route.get("gateway") for route in defaults] == ["10.7.0.3"]


def test_bridge_is_deleted_once_and_absent_is_no_error(lab: Lab) -> None:
    with_links(lab, make_bridge)
    for _ in range(2):
        with_links(lab, lambda links: links.delete("br7"))
    assert with_links(lab, lambda links: links.find("br7")) is None


def test_address_goes_with_its_routes_and_may_be_gone(lab: Lab) -> None:
    index = with_links(lab, make_bridge)
    for _ in range(2):
        with_links(lab, lambda links: links.remove_address(index, IPv4Interface("10.7.0.1/24")))
    assert "10.7.0" not in lab.sh("ip addr; ip route")


def test_addresses_and_routes_of_ipv6(lab: Lab) -> None:
    index = with_links(lab, make_bridge)
    address = IPv6Interface("fd00:7::1/64")

    def work(links: Links) -> list[Any]:
        write_sysctl("/proc/sys/net/ipv6/conf/br7/disable_ipv6", "0")
        links.add_address(index, address)
        links.add_address(index, address)
        links.set_default_route(IPv6Address("fd00:7::2"))
        links.set_default_route(IPv6Address("fd00:7::3"))
        before = [one for one in links.addresses(index) if not one.ip.is_link_local]
        return [
            before,
            [str(route.subnet) for route in links.routes(socket.AF_INET6) if not route.subnet.is_link_local],
        ]

    addresses, subnets = with_links(lab, work)
    assert sorted(map(str, addresses)) == ["10.7.0.1/24", "fd00:7::1/64"]
    assert "fd00:7::/64" in subnets
    gateways = with_oracle(
        lab,
        lambda oracle: [r.get_attr("RTA_GATEWAY") for r in oracle.get_default_routes(family=socket.AF_INET6)],
    )
    assert gateways == ["fd00:7::3"]
    with_links(lab, lambda links: links.set_default_route(IPv6Address("fe80::2%br7")))
    assert "default via fe80::2 dev br7" in lab.sh("ip -6 route")

    def undo(links: Links) -> list[Any]:
        links.remove_address(index, address)
        return [one for one in links.addresses(index) if one == address]

    assert with_links(lab, undo) == []
