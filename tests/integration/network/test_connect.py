"""Networks that a running container joins and leaves: interfaces, the default route, names, what a crash leaves."""

import pytest
from support.netlab import Lab
from support.network_engine import NetworkEngine, publish
from support.timing import Times, assert_takes_less
from support.wait import wait_for

from pier.domain.errors import NotFound
from pier.domain.network import EndpointRequest, IpamPool, Network

pytestmark = pytest.mark.root


@pytest.fixture
def front(site: NetworkEngine) -> Network:
    return site.create("front", bridge="pier1")


@pytest.fixture
def back(site: NetworkEngine) -> Network:
    return site.create("back", bridge="pier2")


def test_joining_and_leaving_moves_interface_and_default_route(
    site: NetworkEngine, front: Network, back: Network
) -> None:
    container_id, first = site.open(front)
    inside = site.place(container_id, "web")
    assert f"via {front.pools[0].gateway}" in inside.sh("ip route")

    second = site.connect(container_id, back, interface="eth1")
    assert f"default via {back.pools[0].gateway}" in inside.sh("ip route")  # `back` sorts before `front`
    inside.serve(80)
    other, _ = site.open(back)
    asking = site.place(other, "other")
    assert asking.ask(second.ipv4_address, 80) is not None

    site.unplug(container_id, back)
    assert f"default via {front.pools[0].gateway}" in inside.sh("ip route")
    assert second.ipv4_address not in inside.sh("ip addr")
    assert asking.cannot_reach(second.ipv4_address, 80)
    wait_for(lambda: "eth1" not in inside.sh("ip -o link"), what="the interface is gone")
    assert first.ipv4_address in inside.sh("ip addr")


def test_priority_chooses_the_default_route(site: NetworkEngine, front: Network, back: Network) -> None:
    container_id, _ = site.open(front, EndpointRequest(gw_priority=5))
    inside = site.place(container_id, "web")
    site.connect(container_id, back, interface="eth1")
    assert f"default via {front.pools[0].gateway}" in inside.sh("ip route")
    site.unplug(container_id, back)
    assert f"default via {front.pools[0].gateway}" in inside.sh("ip route")


def test_internal_network_never_gets_the_default_route(site: NetworkEngine, front: Network) -> None:
    inner = site.create("a-inner", bridge="pier3", internal=True)
    container_id, _ = site.open(front)
    inside = site.place(container_id, "web")
    site.connect(container_id, inner, interface="eth1")
    site.unplug(container_id, front)
    assert "default" not in inside.sh("ip route")


def test_the_same_name_inside_is_free_at_once(site: NetworkEngine, front: Network, back: Network) -> None:
    container_id, _ = site.open(front)
    inside = site.place(container_id, "web")
    for _ in range(10):
        site.connect(container_id, back, interface="eth1")
        assert "eth1" in inside.sh("ip -o addr")
        site.unplug(container_id, back)
    assert f"default via {front.pools[0].gateway}" in inside.sh("ip route")


def test_leaving_takes_the_published_ports_along(lab: Lab, site: NetworkEngine, front: Network, back: Network) -> None:
    site.container(front, "web", publish("8080"))
    container_id = next(iter(site.endpoints))
    site.connect(container_id, back, interface="eth1")
    assert (lab.ask("127.0.0.1", 8080) or "").startswith("web ")

    site.unplug(container_id, front)

    assert lab.cannot_reach("127.0.0.1", 8080)
    lab.serve(8080)


def test_a_link_that_a_crash_left_unrecorded_goes_at_start(
    lab: Lab, site: NetworkEngine, front: Network, back: Network
) -> None:
    container_id, _ = site.open(front)
    inside = site.place(container_id, "web")
    stray = site.connect(container_id, back, interface="eth1")
    site.endpoints[container_id].remove(stray)  # pierd was killed before it wrote this down
    lab.sh("ip link add mine type veth peer name minetoo; ip link set mine master pier2")

    site.restart()

    assert "eth1" not in inside.sh("ip -o link")
    assert f"default via {front.pools[0].gateway} dev eth0" in inside.sh("ip route")
    assert "mine" in lab.sh("ip -o link")
    assert site.connect(container_id, back, interface="eth1").interface == "eth1"


def test_leaving_is_idempotent_and_needs_a_namespace(site: NetworkEngine, front: Network, back: Network) -> None:
    container_id, first = site.open(front)
    site.lab.run(site.networks.unplug(container_id, first))
    site.lab.run(site.networks.unplug(container_id, first))
    second = site.connect(container_id, back, interface="eth1")
    site.lab.run(site.networks.close_netns(container_id))
    with pytest.raises(NotFound, match="no network namespace"):
        site.lab.run(site.networks.unplug(container_id, second))


def test_joining_and_leaving_take_few_milliseconds(site: NetworkEngine, front: Network, back: Network) -> None:
    def work(times: Times) -> None:
        container_id, endpoint = site.open(front)
        second = site.connect(container_id, back, interface="eth1")
        with times.measured():
            site.lab.run(site.networks.unplug(container_id, second))
        site.end(endpoint)

    assert_takes_less(work, 0.010)


def test_default_routes_lead_where_an_auxiliary_address_says(site: NetworkEngine) -> None:
    pools = (
        IpamPool(subnet="10.77.0.0/24", aux_addresses={"DefaultGatewayIPv4": "10.77.0.254", "printer": "10.77.0.2"}),
        IpamPool(subnet="fd77::/64", aux_addresses={"DefaultGatewayIPv6": "fd77::99"}),
    )
    network = site.create("mine", bridge="pier1", enable_ipv6=True, pools=pools)
    container_id, endpoint = site.open(network)
    assert (endpoint.ipv4_address, endpoint.gateway, endpoint.ipv6_gateway) == ("10.77.0.3", "10.77.0.254", "fd77::99")
    inside = site.place(container_id, "inside")
    assert "default via 10.77.0.254 " in inside.sh("ip route")
    assert "default via fd77::99 " in inside.sh("ip -6 route")
    assert "10.77.0.1/24" in site.lab.sh("ip addr show pier1")
