"""How other hosts that know the way get to a network's containers: not, to published ports, or to all."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.netlab import Lab, Place
from support.network_engine import NetworkEngine, publish

from pier.domain.errors import Conflict
from pier.domain.network import Network

pytestmark = pytest.mark.root
MODE = "com.docker.network.bridge.gateway_mode_ipv4"


@pytest.fixture
def outside(lab: Lab) -> Place:
    place = lab.neighbour("outside", 1)
    place.sh("ip route add 10.60.0.0/24 via 10.9.1.1")
    place.serve(7000)
    return place


def create(site: NetworkEngine, mode: str, **more: bool) -> Network:
    return site.create("net", bridge="pier6", subnet="10.60.0.0/24", options={MODE: mode}, **more)


def test_routed_lets_published_ports_in_and_translates_nothing(lab: Lab, site: NetworkEngine, outside: Place) -> None:
    web, endpoint, published = site.container(create(site, "routed"), "web", publish("8080"))
    web.serve(81)
    assert [(port.host_ip, port.host_port) for port in published] == [("0.0.0.0", 0)]
    assert outside.ask(endpoint.ipv4_address, 80) == "web 10.9.1.2"
    assert outside.cannot_reach(endpoint.ipv4_address, 81)
    assert outside.cannot_reach("10.9.1.1", 8080)
    assert web.ask("10.9.1.2", 7000) == f"outside {endpoint.ipv4_address}"
    site.restart()
    assert outside.ask(endpoint.ipv4_address, 80) == "web 10.9.1.2"
    site.end(next(iter(site.endpoints.values()))[0])
    assert "10.60.0" not in "".join(line for line in lab.sh("nft list ruleset").splitlines() if "tcp" in line)


def test_unprotected_lets_everything_in(lab: Lab, site: NetworkEngine, outside: Place) -> None:
    web, endpoint, _ = site.container(create(site, "nat-unprotected"), "web", publish("8080"))
    web.serve(81)
    assert outside.ask(endpoint.ipv4_address, 81) == "web 10.9.1.2"
    assert outside.ask("10.9.1.1", 8080) == "web 10.9.1.2"
    assert web.ask("10.9.1.2", 7000) == "outside 10.9.1.1"


def test_isolated_leaves_even_the_host_out(lab: Lab, site: NetworkEngine, outside: Place) -> None:
    network = create(site, "isolated", internal=True)
    one, endpoint, _ = site.container(network, "one")
    _, others, _ = site.container(network, "other")
    assert one.ask(others.ipv4_address, 80) == f"other {endpoint.ipv4_address}"
    assert "inet " not in lab.sh("ip addr show pier6")
    assert lab.cannot_reach(endpoint.ipv4_address, 80)
    assert (network.pools[0].gateway, endpoint.ipv4_address) == ("", "10.60.0.1")  # nobody is there to be a gateway
    site.restart()
    assert one.ask(others.ipv4_address, 80) == f"other {endpoint.ipv4_address}"


@pytest.mark.parametrize("options", [{MODE: "isolated"}, {"com.docker.network.bridge.inhibit_ipv4": "true"}])
def test_two_containers_have_a_subnet_of_two_addresses_for_themselves(
    site: NetworkEngine, options: dict[str, str]
) -> None:
    network = site.create("net", bridge="pier6", subnet="10.60.0.0/31", options=options, internal=True)
    one, endpoint, _ = site.container(network, "one")
    _, others, _ = site.container(network, "other")
    assert (endpoint.ipv4_address, others.ipv4_address) == ("10.60.0.0", "10.60.0.1")
    assert one.ask("10.60.0.1", 80) == "other 10.60.0.0"
    with pytest.raises(Conflict, match="no available IPv4 addresses"):
        site.open(network)


OPTION = "com.docker.network.bridge."


def test_trusted_interfaces_reach_published_ports_and_no_others(lab: Lab, site: NetworkEngine, outside: Place) -> None:
    options = {OPTION + "trusted_host_interfaces": "wire1:wire7"}
    network = site.create("net", bridge="pier6", subnet="10.60.0.0/24", options=options)
    other = lab.neighbour("other", 2)
    other.sh("ip route add 10.60.0.0/24 via 10.9.2.1")
    container_id, endpoint = site.open(network)
    ports = [publish("8080"), publish("8081", host_ip="127.0.0.1", port=81)]
    published = lab.run(site.networks.publish(container_id, endpoint, ports))
    site.endpoints[container_id] = [replace(endpoint, published=published)]
    web = site.place(container_id, "web")
    for port in (80, 81, 82):
        web.serve(port)
    for _ in range(2):
        assert outside.ask(endpoint.ipv4_address, 80) == "web 10.9.1.2"
        assert outside.cannot_reach(endpoint.ipv4_address, 81)  # published on loopback
        assert outside.cannot_reach(endpoint.ipv4_address, 82)
        assert other.cannot_reach(endpoint.ipv4_address, 80)
        assert other.ask("10.9.2.1", 8080) == "web 10.9.2.2"
        site.restart()
    site.end(site.endpoints[container_id][0])
    assert "10.60.0.2" not in lab.sh("nft list ruleset")


def test_direct_routing_reaches_published_ports_of_every_network(lab: Lab, tmp_path: Path, outside: Place) -> None:
    site = NetworkEngine(lab, tmp_path, direct_routing=True)
    site.start()
    network = site.create("net", bridge="pier6", subnet="10.60.0.0/24")
    web, endpoint, _ = site.container(network, "web", publish("8080"))
    web.serve(81)
    assert outside.ask(endpoint.ipv4_address, 80) == "web 10.9.1.2"
    assert outside.cannot_reach(endpoint.ipv4_address, 81)
    site.teardown()


def test_what_leaves_comes_from_the_address_that_is_given(lab: Lab, site: NetworkEngine, outside: Place) -> None:
    lab.sh("echo 0 > /proc/sys/net/ipv6/conf/wire1/disable_ipv6; ip addr add 10.9.1.77/24 dev wire1")
    lab.sh("for last in 1 77; do ip addr add fd09::$last/64 dev wire1 nodad; done")
    outside.sh("echo 0 > /proc/sys/net/ipv6/conf/wire1b/disable_ipv6; ip addr add fd09::2/64 dev wire1b nodad")
    outside.serve(7000, address="::")
    options = {"com.docker.network.host_ipv4": "10.9.1.77", "com.docker.network.host_ipv6": "fd09::77"}
    network = site.create("net", bridge="pier6", subnet="10.60.0.0/24", options=options, enable_ipv6=True)
    one, mine, _ = site.container(network, "one", publish("8080"))
    peer, own, _ = site.container(network, "peer")
    for _ in range(2):
        assert one.ask("10.9.1.2", 7000) == "outside 10.9.1.77"
        assert one.ask("fd09::2", 7000) == "outside fd09::77"
        assert peer.ask(mine.ipv4_address, 80) == f"one {own.ipv4_address}"
        assert outside.ask("10.9.1.1", 8080) == "one 10.9.1.2"
        site.restart()


def test_a_bridge_without_an_address_of_its_own_is_a_piece_of_a_wire(lab: Lab, site: NetworkEngine) -> None:
    """The host hangs an interface of its own on it; what is on that wire then are the containers' neighbours."""
    network = site.create(
        "net", bridge="pier6", subnet="10.9.3.0/24", options={OPTION + "inhibit_ipv4": "true"}, enable_ipv6=True
    )
    router = lab.neighbour("router", 3)  # on a wire of the very subnet
    lab.sh("ip addr flush dev wire3; ip link set wire3 master pier6")
    router.sh("ip addr flush dev wire3b; ip addr add 10.9.3.1/24 dev wire3b")
    router.serve(7000)
    one, endpoint, _ = site.container(network, "one")
    assert "inet 10.9.3" not in lab.sh("ip addr show pier6")
    assert endpoint.ipv6_gateway.split(":")[0] in lab.sh("ip addr show pier6")
    assert "default via 10.9.3.1" in one.sh("ip route")
    assert one.ask("10.9.3.1", 7000) == f"router {endpoint.ipv4_address}"
