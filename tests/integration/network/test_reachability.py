"""Who reaches what, with real links and packet rules."""

import socket

import pytest
from support.netlab import Lab, Place
from support.network_engine import NetworkEngine, publish

from pier.domain.network import EndpointRequest, LinkedPort, Network

pytestmark = pytest.mark.root


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_published_port_is_reached_from_everywhere(
    lab: Lab, site: NetworkEngine, bridge: Network, protocol: str
) -> None:
    outside = lab.neighbour("outside", 1)
    web, endpoint, _ = site.container(bridge, "web", publish("8080", protocol=protocol))
    peer, _, _ = site.container(bridge, "peer")
    gateway = endpoint.gateway

    assert lab.ask("127.0.0.1", 8080, protocol=protocol) == f"web {gateway}"
    assert lab.ask(gateway, 8080, protocol=protocol) == f"web {gateway}"
    assert lab.ask("10.9.1.1", 8080, protocol=protocol) == "web 10.9.1.1"
    assert outside.ask("10.9.1.1", 8080, protocol=protocol) == "web 10.9.1.2"  # the client's address is kept
    assert peer.ask(gateway, 8080, protocol=protocol) == f"web {gateway}"
    assert web.ask(gateway, 8080, protocol=protocol) == f"web {gateway}"  # itself, by a hairpin
    assert web.ask("10.9.1.1", 8080, protocol=protocol) == f"web {gateway}"


def test_published_port_is_reached_from_a_container_on_another_bridge(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    other = site.create("other", bridge="pier1")
    _, endpoint, _ = site.container(bridge, "web", publish("8080"))
    client, _, _ = site.container(other, "client")

    assert (client.ask(endpoint.gateway, 8080) or "").startswith("web ")
    assert client.cannot_reach(endpoint.ipv4_address, 80)


def test_containers_of_one_bridge_reach_each_other_and_the_world(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    outside = lab.neighbour("outside", 1)
    outside.serve(7000)
    one, mine, _ = site.container(bridge, "one")
    _, other, _ = site.container(bridge, "other")

    assert one.ask(other.ipv4_address, 80) == f"other {mine.ipv4_address}"
    assert one.ask("10.9.1.2", 7000) == "outside 10.9.1.1"  # masqueraded


def test_port_bound_to_one_address_answers_there_only(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    outside = lab.neighbour("outside", 1)
    site.container(bridge, "local", publish("8080", host_ip="127.0.0.1"))
    site.container(bridge, "wire", publish("8081", host_ip="10.9.1.1"))

    assert (lab.ask("127.0.0.1", 8080) or "").startswith("local ")
    assert outside.cannot_reach("10.9.1.1", 8080)
    assert lab.cannot_reach("127.0.0.1", 8081)
    assert (outside.ask("10.9.1.1", 8081) or "").startswith("wire ")


def test_port_is_free_and_silent_after_its_container_ended(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    _, endpoint, _ = site.container(bridge, "first", publish("8080"))
    site.end(endpoint)

    assert lab.cannot_reach("127.0.0.1", 8080)
    site.container(bridge, "second", publish("8080"))
    assert (lab.ask("127.0.0.1", 8080) or "").startswith("second ")


def test_udp_client_that_keeps_its_socket_reaches_the_next_container(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    _, endpoint, _ = site.container(bridge, "first", publish("5353", protocol="udp"))
    with lab.udp_client("127.0.0.1", 5353) as client:
        assert client.ask().startswith("first ")
        site.end(endpoint)
        site.container(bridge, "second", publish("5353", protocol="udp"))
        assert client.ask().startswith("second ")


def test_internal_network_has_no_way_out_or_in(lab: Lab, site: NetworkEngine) -> None:
    outside = lab.neighbour("outside", 1)
    outside.serve(7000)
    inner = site.create("inner", bridge="pier2", internal=True)
    one, endpoint, published = site.container(inner, "one", publish("8080"))
    two, _, _ = site.container(inner, "two")

    assert published == ()
    assert endpoint.gateway == ""
    assert one.cannot_reach("10.9.1.2", 7000)
    one.sh(f"ip route add default via {inner.pools[0].gateway}")
    assert one.cannot_reach("10.9.1.2", 7000)
    assert outside.cannot_reach(endpoint.ipv4_address, 80)
    assert two.ask(endpoint.ipv4_address, 80) is not None


def test_containers_are_apart_when_icc_is_off(lab: Lab, site: NetworkEngine) -> None:
    apart = site.create("apart", bridge="pier3", options={"com.docker.network.bridge.enable_icc": "false"})
    one, endpoint, _ = site.container(apart, "one")
    _, other, _ = site.container(apart, "other")

    assert one.cannot_reach(other.ipv4_address, 80)
    one.sh(f"ip route add {other.ipv4_address}/32 via {endpoint.gateway}")
    assert one.cannot_reach(other.ipv4_address, 80)


def test_linked_containers_reach_the_linked_ports_when_icc_is_off(lab: Lab, site: NetworkEngine) -> None:
    off = {
        f"com.docker.network.bridge.{key}": value
        for key, value in (("enable_icc", "false"), ("default_bridge", "true"))
    }
    bridge = site.create(bridge="pier5", options=off)
    server, target, _ = site.container(bridge, "server")
    client, own, _ = site.container(bridge, "client")
    other, _, _ = site.container(bridge, "other")
    for port in (81, 82):
        server.serve(port)
    site.links = [
        LinkedPort(
            network_id=bridge.id, client=own.ipv4_address, address=target.ipv4_address, port=port, protocol=protocol
        )
        for port, protocol in ((80, "tcp"), (80, "udp"), (81, "tcp"))
    ]
    lab.run(site.networks.open_links(own, site.links))
    address = target.ipv4_address
    for _ in range(2):
        assert client.ask(address, 80) == f"server {own.ipv4_address}"
        assert client.ask(address, 80, protocol="udp") == f"server {own.ipv4_address}"
        assert client.ask(address, 81) == f"server {own.ipv4_address}"
        assert client.cannot_reach(address, 82)
        assert other.cannot_reach(address, 80)
        assert server.cannot_reach(own.ipv4_address, 80)  # a link leads one way
        site.restart()
    assert "pier5" in lab.sh("nft list set inet pier_test linked")  # also without being told again
    lab.run(site.networks.open_links(own, site.links[:1]))
    assert client.ask(address, 80) == f"server {own.ipv4_address}"
    assert client.cannot_reach(address, 81)
    site.end(target)
    assert "pier5" not in lab.sh("nft list set inet pier_test linked")


def ipv4_packets(place: Place) -> str:
    """How many came in; an interface counts also what the kernels on its two ends say to each other by themselves."""
    names, values = (line.split() for line in place.sh("grep ^Ip: /proc/net/snmp").splitlines())
    return values[names.index("InReceives")]


def test_a_neighbour_that_claims_to_be_a_linked_container_stays_outside(lab: Lab, site: NetworkEngine) -> None:
    off = {
        f"com.docker.network.bridge.{key}": value
        for key, value in (("enable_icc", "false"), ("default_bridge", "true"))
    }
    bridge = site.create(bridge="pier5", options=off)
    server, target, _ = site.container(bridge, "server")
    own = site.open(bridge)[1]
    link = LinkedPort(
        network_id=bridge.id, client=own.ipv4_address, address=target.ipv4_address, port=80, protocol="udp"
    )
    lab.run(site.networks.open_links(own, [link]))
    outside = lab.neighbour("outside", 1)
    lab.sh("echo 0 | tee /proc/sys/net/ipv4/conf/*/rp_filter")
    outside.sh(f"ip addr add {own.ipv4_address}/32 dev wire1b")
    before = ipv4_packets(server)
    sender = outside.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with sender:
        sender.bind((own.ipv4_address, 0))
        for _ in range(3):
            sender.sendto(b"?", (target.ipv4_address, 80))
    assert ipv4_packets(server) == before


def test_internal_network_never_takes_the_default_route(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    inner = site.create("aaa", bridge="pier2", internal=True)  # first by name
    container_id, _ = site.open(inner)
    second = site.connect(container_id, bridge, interface="eth1")

    assert f"default via {second.gateway} dev eth1" in site.place(container_id, "both").sh("ip route")


def test_default_route_belongs_to_the_endpoint_of_highest_priority(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    other = site.create("other", bridge="pier1")
    container_id, _ = site.open(bridge)
    second = site.connect(container_id, other, EndpointRequest(gw_priority=1), interface="eth1")
    place = site.place(container_id, "both")

    assert f"default via {second.gateway} dev eth1" in place.sh("ip route")
    assert place.sh("ip route").count("default") == 1
