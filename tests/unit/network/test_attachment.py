from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pier.domain.errors import Conflict, InvalidArgument
from pier.domain.network import Endpoint, EndpointRequest, IpamPool, Network, PublishedPort
from pier.network.attachment import Attachment, HostNetwork, mac_of, new_host_interface, place, port_rules, route_rank
from pier.network.ports import Reservation


def test_rules_of_a_network_follow_its_record() -> None:
    host = HostNetwork.of(
        Network(
            id="a" * 64,
            name="web",
            driver="bridge",
            bridge="pier3",
            internal=True,
            pools=(IpamPool(subnet="10.1.0.0/24", gateway="10.1.0.1"),),
            options={"com.docker.network.bridge.enable_icc": "false"},
        )
    )
    assert (host.rule.name, str(host.rule.subnets[0])) == ("pier3", "10.1.0.0/24")
    assert host.rule.internal
    assert not host.rule.connected


def test_default_route_goes_to_priority_then_name() -> None:
    ranks = [route_rank(0, "b"), route_rank(0, "a"), route_rank(5, "z")]
    assert sorted(ranks) == [route_rank(5, "z"), route_rank(0, "a"), route_rank(0, "b")]


def test_port_rule_leads_to_the_endpoint_and_names_it() -> None:
    endpoint = Endpoint(network_id="n", network_name="web", endpoint_id="e1", ipv4_address="10.1.0.2")
    published = PublishedPort(port=80, protocol="tcp", host_ip="0.0.0.0", host_port=8080)
    (rule,) = port_rules(endpoint, [Reservation("c1", published, None)])
    assert (rule.host_port, rule.address, rule.port, rule.owner) == (8080, "10.1.0.2", 80, "e1")


def test_names_fit_the_kernel_and_never_repeat() -> None:
    names = {new_host_interface() for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) <= 15 for name in names)
    assert mac_of(IPv4Address("172.17.0.2")) == "02:42:ac:11:00:02"


def several() -> HostNetwork:
    """A macvlan network of two small subnets of IPv4."""
    pools = (
        IpamPool(subnet="10.1.0.0/30", gateway="10.1.0.1"),
        IpamPool(subnet="10.2.0.0/24", gateway="10.2.0.9"),
    )
    return HostNetwork.of(Network(id="a" * 64, name="wire", driver="macvlan", pools=pools, options={"parent": "eth0"}))


def test_several_subnets_are_given_out_in_turn_each_with_its_gateway() -> None:
    host = several()
    blank = Endpoint(network_id=host.network.id, network_name="wire")
    first, second = (place(host, blank, host.take(EndpointRequest())) for _ in range(2))
    assert (first.ipv4_address, first.ipv4_prefix, first.gateway) == ("10.1.0.2", 30, "10.1.0.1")
    assert (second.ipv4_address, second.ipv4_prefix, second.gateway) == ("10.2.0.1", 24, "10.2.0.9")
    fixed = host.take(EndpointRequest(ipv4_address="10.2.0.7"))
    assert host.gateways(fixed) == (IPv4Address("10.2.0.9"),)
    host.give_back([IPv4Address("10.1.0.2")])
    assert host.take(EndpointRequest()) == (IPv4Address("10.1.0.2"),)
    again = several()
    assert again.adopt(second) == (IPv4Address("10.2.0.1"),)
    with pytest.raises(Conflict, match="already in use"):
        again.take(EndpointRequest(ipv4_address="10.2.0.1"))
    for wrong in ("10.3.0.1", "nonsense"):
        with pytest.raises(InvalidArgument):
            again.take(EndpointRequest(ipv4_address=wrong))


def test_a_container_without_ipv6_gets_ipv4_only() -> None:
    pools = (IpamPool(subnet="10.1.0.0/24", gateway="10.1.0.1"), IpamPool(subnet="fd09::/64", gateway="fd09::1"))
    network = Network(id="a" * 64, name="web", driver="bridge", bridge="pier3", pools=pools, enable_ipv6=True)
    host = HostNetwork.of(network)
    request = EndpointRequest(ipv6_address="fd09::7", without_ipv6=True)
    assert host.take(request) == (IPv4Address("10.1.0.2"),)
    assert IPv6Address("fd09::7") in host.take(replace(request, without_ipv6=False))
    six = HostNetwork.of(replace(network, enable_ipv4=False))
    blank = Endpoint(network_id=network.id, network_name="web", endpoint_id="e" * 64, request=request)
    bare = place(six, blank, six.take(request))
    assert (bare.ipv6_address, bare.ipv6_gateway, bare.mac_address) == ("", "", mac_of("e" * 64))
    assert mac_of("e" * 64).startswith("02:42:")


def test_a_link_local_gateway_comes_with_the_interface_that_it_is_reached_by() -> None:
    pools = (IpamPool(subnet="10.1.0.0/24", gateway="10.1.0.1"), IpamPool(subnet="fe80:9::/64", gateway="fe80:9::1"))
    network = Network(id="a" * 64, name="web", driver="bridge", bridge="pier3", pools=pools, enable_ipv6=True)
    host = HostNetwork.of(network)
    taken = Attachment(
        network_id=network.id, interface="eth2", addresses=host.take(EndpointRequest()), route_rank=(0, "web")
    )
    assert taken.gateways(host) == (IPv4Address("10.1.0.1"), IPv6Address("fe80:9::1%eth2"))
    assert place(host, Endpoint(network_id=network.id, network_name="web"), taken.addresses).ipv6_gateway == "fe80:9::1"
