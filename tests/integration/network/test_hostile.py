"""What a container or a neighbour may try; each attempt is shown to work once the rule against it is gone."""

import pytest
from support.netlab import Lab, Place
from support.network_engine import NetworkEngine, publish

from pier.domain.network import Network

pytestmark = pytest.mark.root


def aim_at_loopback_of(place: Place, gateway: str, interface: str) -> None:
    """From here on packets for 127.0.0.1 leave by the interface, as an attacker with NET_ADMIN arranges it."""
    for name in ("all", interface):
        place.sh(f"echo 1 > /proc/sys/net/ipv4/conf/{name}/route_localnet")
    place.sh("ip addr flush dev lo; ip route flush table local dev lo")
    place.sh(f"ip route add 127.0.0.0/8 via {gateway} dev {interface}")


def test_container_does_not_reach_a_service_on_the_hosts_loopback(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    lab.serve(9999, address="127.0.0.1")
    attacker, endpoint, _ = site.container(bridge, "attacker")
    aim_at_loopback_of(attacker, endpoint.gateway, "eth0")

    assert attacker.cannot_reach("127.0.0.1", 9999)

    lab.sh("nft flush chain inet pier_test antispoof")
    assert (attacker.ask("127.0.0.1", 9999) or "").startswith("host ")


def test_neighbour_does_not_reach_a_port_published_on_loopback(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    outside = lab.neighbour("outside", 1)
    _, endpoint, _ = site.container(bridge, "web", publish("8080", host_ip="127.0.0.1"))

    assert outside.cannot_reach(endpoint.ipv4_address, 80)  # its default route leads to this host

    lab.sh("nft flush chain inet pier_test inward")
    assert (outside.ask(endpoint.ipv4_address, 80) or "").startswith("web ")


def test_neighbour_that_sends_to_127_does_not_reach_a_port_published_on_loopback(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    outside = lab.neighbour("outside", 1)
    site.container(bridge, "web", publish("8080", host_ip="127.0.0.1"))
    aim_at_loopback_of(outside, "10.9.1.1", "wire1b")

    assert outside.cannot_reach("127.0.0.1", 8080)

    lab.sh("nft insert rule inet pier_test prerouting jump published_ports")
    assert (outside.ask("127.0.0.1", 8080) or "").startswith("web ")
