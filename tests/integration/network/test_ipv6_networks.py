"""Networks with IPv6: addresses, ways out and in, names; with IPv4 beside it and without."""

import pytest
from support.netlab import Lab, Place
from support.network_engine import NetworkEngine, publish

from pier.domain.errors import Conflict, InvalidArgument, Unsupported
from pier.domain.network import EndpointRequest, IpamPool, Network

pytestmark = pytest.mark.root


@pytest.fixture
def outside(lab: Lab) -> Place:
    """A neighbour with IPv6: fd09::2, this host being fd09::1 to it."""
    place = lab.neighbour("outside", 1)
    place.sh("echo 0 > /proc/sys/net/ipv6/conf/wire1b/disable_ipv6; ip -6 addr add fd09::2/64 dev wire1b nodad")
    lab.sh("echo 0 > /proc/sys/net/ipv6/conf/wire1/disable_ipv6; ip -6 addr add fd09::1/64 dev wire1 nodad")
    return place


@pytest.fixture
def both(site: NetworkEngine) -> Network:
    return site.create(enable_ipv6=True)


def serve6(place: Place, protocol: str = "tcp") -> None:
    place.serve(80, address="::", protocol=protocol)


def test_containers_reach_each_other_and_the_world(
    lab: Lab, site: NetworkEngine, both: Network, outside: Place
) -> None:
    outside.serve(7000, address="::")
    one, mine, _ = site.container(both, "one")
    other, others, _ = site.container(both, "other")
    serve6(other)
    assert mine.ipv6_address.startswith("fd")
    assert (mine.ipv6_prefix, mine.ipv6_gateway) == (64, both.pools[1].gateway)
    assert one.ask(others.ipv6_address, 80) == f"other {mine.ipv6_address}"
    assert one.ask("fd09::2", 7000) == "outside fd09::1"  # masqueraded
    assert lab.ask(others.ipv6_address, 80) == f"other {both.pools[1].gateway}"


def test_nobody_reaches_what_is_not_published(lab: Lab, site: NetworkEngine, both: Network, outside: Place) -> None:
    other = site.create("other", bridge="pier1", enable_ipv6=True)
    web, endpoint, _ = site.container(both, "web")
    serve6(web)
    client, _, _ = site.container(other, "client")
    assert client.cannot_reach(endpoint.ipv6_address, 80)
    outside.sh(f"ip -6 route add {endpoint.ipv6_address} via fd09::1")
    assert outside.cannot_reach(endpoint.ipv6_address, 80)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_published_port_keeps_the_clients_address(
    lab: Lab, site: NetworkEngine, both: Network, outside: Place, protocol: str
) -> None:
    web, endpoint, published = site.container(both, "web", publish("8080", protocol=protocol))
    serve6(web, protocol)
    peer, _, _ = site.container(both, "peer")
    assert [port.host_ip for port in published] == ["0.0.0.0", "::"]
    assert outside.ask("fd09::1", 8080, protocol=protocol) == "web fd09::2"
    assert lab.ask("fd09::1", 8080, protocol=protocol) == "web fd09::1"
    assert lab.ask("::1", 8080, protocol=protocol) == f"web {endpoint.gateway}"  # by the relay
    assert (peer.ask(endpoint.ipv6_gateway, 8080, protocol=protocol) or "").startswith("web ")
    assert (web.ask("fd09::1", 8080, protocol=protocol) or "").startswith("web ")  # itself
    site.restart()
    assert outside.ask("fd09::1", 8080, protocol=protocol) == "web fd09::2"
    site.end(next(iter(site.endpoints.values()))[0])
    assert outside.cannot_reach("fd09::1", 8080, protocol=protocol)


def test_one_address_of_the_host_needs_no_relay(lab: Lab, site: NetworkEngine, both: Network, outside: Place) -> None:
    web, _, _ = site.container(both, "web", publish("8080", host_ip="fd09::1"))
    serve6(web)
    assert outside.ask("fd09::1", 8080) == "web fd09::2"
    assert lab.cannot_reach("::1", 8080)


def test_a_network_without_ipv4(lab: Lab, site: NetworkEngine, outside: Place) -> None:
    outside.serve(7000, address="::")
    six = site.create(enable_ipv4=False, enable_ipv6=True)
    web, endpoint, published = site.container(six, "web", publish("8080"))
    serve6(web)
    assert (endpoint.ipv4_address, endpoint.gateway) == ("", "")
    assert [port.host_ip for port in published] == ["::"]
    assert outside.ask("fd09::1", 8080) == "web fd09::2"
    assert lab.ask("::1", 8080) == f"web {endpoint.ipv6_gateway}"
    assert web.ask("fd09::2", 7000) == "outside fd09::1"
    assert "inet " not in web.sh("ip addr show eth0")
    with pytest.raises(Unsupported, match="IPv6 addresses only"):
        site.container(six, "four", publish("8081", host_ip="127.0.0.1"))


def test_internal_networks_stay_inside(site: NetworkEngine, outside: Place) -> None:
    outside.serve(7000, address="::")
    inner = site.create(enable_ipv6=True, internal=True)
    one, mine, _ = site.container(inner, "one")
    other, others, _ = site.container(inner, "other")
    serve6(other)
    assert mine.ipv6_gateway == ""
    assert (one.ask(others.ipv6_address, 80) or "").startswith("other ")
    assert one.cannot_reach("fd09::2", 7000)


def test_fixed_addresses_and_their_refusals(site: NetworkEngine) -> None:
    pools = (IpamPool(subnet="fd07::/64"),)
    given = Network(
        id="f" * 64, name="six", driver="bridge", bridge="pier6", pools=pools, enable_ipv4=False, enable_ipv6=True
    )
    made = site.lab.run(site.networks.create(given))
    site.recorded.append(made)
    _, endpoint = site.open(made, EndpointRequest(ipv6_address="fd07::77"))
    assert endpoint.ipv6_address == "fd07::77"
    with pytest.raises(Conflict, match="already in use"):
        site.open(made, EndpointRequest(ipv6_address="fd07::77"))
    with pytest.raises(InvalidArgument, match="has no IPv4"):
        site.open(made, EndpointRequest(ipv4_address="10.0.0.9"))


def test_the_default_route_of_each_family_goes_its_own_way(site: NetworkEngine, both: Network) -> None:
    four = site.create("afour", bridge="pier1")
    container_id, endpoint = site.open(both)
    site.connect(container_id, four, interface="eth1")
    place = site.place(container_id, "web")
    assert f"via {four.pools[0].gateway}" in place.sh("ip route show default")
    assert f"via {endpoint.ipv6_gateway}" in place.sh("ip -6 route show default")
    site.unplug(container_id, both)
    assert "default" not in place.sh("ip -6 route show default dev eth1")


def test_a_subnet_of_link_local_addresses(site: NetworkEngine, both: Network) -> None:
    """Its gateway has the same address on whichever link: the default route names the link, also as an heir."""
    pools = (IpamPool(subnet="fe80:7::/64", gateway="fe80:7::1"),)
    given = Network(
        id="f" * 64, name="zone", driver="bridge", bridge="pier6", pools=pools, enable_ipv4=False, enable_ipv6=True
    )
    zone = site.lab.run(site.networks.create(given))
    site.recorded.append(zone)
    container_id, endpoint = site.open(zone, EndpointRequest(gw_priority=-1))
    assert (endpoint.ipv6_address, endpoint.ipv6_gateway) == ("fe80:7::2", "fe80:7::1")
    place = site.place(container_id, "one")
    assert "via fe80:7::1 dev eth0" in place.sh("ip -6 route show default")
    site.connect(container_id, both, interface="eth1")
    assert "dev eth1" in place.sh("ip -6 route show default")
    site.unplug(container_id, both)
    assert "via fe80:7::1 dev eth0" in place.sh("ip -6 route show default")
