"""How other hosts that know the way get to a network's containers: not, to published ports, or to all."""

import pytest
from support.netlab import Lab, Place
from support.network_engine import NetworkEngine, publish

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
