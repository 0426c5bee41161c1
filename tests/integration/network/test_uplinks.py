"""macvlan and ipvlan with real links. A kernel without them refuses with its reason; one with them does it all."""

from dataclasses import replace

import pytest
from support.netlab import Lab, Place
from support.network_engine import NetworkEngine

from pier.domain.errors import Conflict, PermissionDenied, Unsupported
from pier.domain.network import EndpointRequest, IpamPool, Network
from pier.network.link import Links

pytestmark = pytest.mark.root


def has_kind(lab: Lab, kind: str) -> bool:
    def probe() -> bool:
        with Links() as links:
            try:
                links.probe_kind(kind)
            except OSError as error:
                return "not supported" not in str(error)
        return True

    return lab.do(probe)


def make(
    site: NetworkEngine, driver: str, subnet: str = "10.9.1.0/24", gateway: str = "10.9.1.2", **options: str
) -> Network:
    wanted = Network(
        id=f"{len(site.recorded):x}" * 64,
        name=f"{driver}{len(site.recorded)}",
        driver=driver,
        pools=(IpamPool(subnet=subnet, gateway=gateway, ip_range=subnet.replace(".0/24", ".128/25")),),
        options=options,
    )
    site.recorded.append(site.lab.run(site.networks.create(wanted)))
    return site.recorded[-1]


@pytest.fixture
def outside(lab: Lab) -> Place:
    """The router 10.9.1.2 on the host's wire1."""
    return lab.neighbour("outside", 1)


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_a_kernel_without_the_driver_says_so(lab: Lab, site: NetworkEngine, outside: Place, driver: str) -> None:
    if has_kind(lab, driver):
        pytest.skip(f"this kernel has {driver}")
    with pytest.raises(Unsupported, match=f"this kernel has no {driver} driver"):
        make(site, driver, parent="wire1")


@pytest.mark.parametrize(("driver", "mode"), [("macvlan", {}), ("ipvlan", {}), ("ipvlan", {"ipvlan_mode": "l3"})])
def test_containers_are_neighbours_of_the_hosts_own(
    lab: Lab, site: NetworkEngine, outside: Place, driver: str, mode: dict[str, str]
) -> None:
    if not has_kind(lab, driver):
        pytest.skip(f"this kernel has no {driver}; the machine of vm.sh has")
    outside.serve(7000)
    if mode:  # routed: the neighbour must know the way
        outside.sh("ip route add 10.80.0.0/24 via 10.9.1.1")
        network = make(site, driver, subnet="10.80.0.0/24", gateway="10.80.0.1", parent="wire1", **mode)
    else:
        network = make(site, driver, parent="wire1")
    one, mine, _ = site.container(network, "one")
    _, others, _ = site.container(network, "other")
    assert mine.host_interface == ""
    assert one.ask(others.ipv4_address, 80) == f"other {mine.ipv4_address}"
    assert one.ask("10.9.1.2", 7000) == f"outside {mine.ipv4_address}"  # nothing is masqueraded
    if not mode:
        assert outside.ask(mine.ipv4_address, 80) == "one 10.9.1.2"
        assert "default via 10.9.1.2" in one.sh("ip route")
    else:
        assert "default dev eth0" in one.sh("ip route")
    with pytest.raises(Conflict, match="is already using parent interface wire1"):
        make(site, driver, subnet="10.77.0.0/24", gateway="10.77.0.1", parent="wire1")
    site.restart()
    assert one.ask(others.ipv4_address, 80) == f"other {mine.ipv4_address}"
    container_id = next(iter(site.endpoints))
    site.unplug(container_id, network)
    assert "eth0" not in one.sh("ip -o link")


def make_or_skip(site: NetworkEngine, subnet: str, **options: str) -> Network:
    """macvlan, unless this kernel lacks what its parent needs; then that is said."""
    try:
        return make(site, "macvlan", subnet=subnet, gateway=subnet.replace(".0/24", ".1"), **options)
    except Unsupported as error:
        pytest.skip(f"{error.message}; the machine of vm.sh has it")


def test_a_vlan_is_made_for_its_network_and_goes_with_it(lab: Lab, site: NetworkEngine, outside: Place) -> None:
    tagged = make_or_skip(site, "10.78.0.0/24", parent="wire1.10")
    assert "vlan" in lab.sh("ip -d link show wire1.10")
    site.remove(tagged)
    assert "wire1.10" not in lab.sh("ip -o link")


def test_a_network_without_a_parent_is_among_its_containers(lab: Lab, site: NetworkEngine) -> None:
    alone = make_or_skip(site, "10.79.0.0/24")
    one, _, _ = site.container(alone, "one")
    _, others, _ = site.container(alone, "other")
    assert (one.ask(others.ipv4_address, 80) or "").startswith("other ")
    site.lab.run(site.networks.teardown())
    assert "dm-" not in lab.sh("ip -o link")


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_several_subnets_of_one_family(lab: Lab, site: NetworkEngine, outside: Place, driver: str) -> None:
    if not has_kind(lab, driver):
        pytest.skip(f"this kernel has no {driver}; the machine of vm.sh has")
    outside.sh("ip addr add 10.81.0.1/24 dev wire1b")
    outside.serve(7000)
    wanted = Network(
        id="7" * 64,
        name="several",
        driver=driver,
        pools=(
            IpamPool(subnet="10.9.1.0/24", gateway="10.9.1.2", ip_range="10.9.1.128/30"),
            IpamPool(subnet="10.81.0.0/24", gateway="10.81.0.1"),
        ),
        options={"parent": "wire1"},
    )
    twice = replace(wanted, pools=(wanted.pools[0], IpamPool(subnet="10.9.1.0/25")))
    with pytest.raises(PermissionDenied, match=r"10\.9\.1\.0/25 of network several with 10\.9\.1\.0/24"):
        lab.run(site.networks.create(twice))
    site.recorded.append(lab.run(site.networks.create(wanted)))
    network = site.recorded[-1]
    made = [site.container(network, f"c{number}") for number in range(5)]
    addresses = [endpoint.ipv4_address for _, endpoint, _ in made]
    assert addresses == ["10.9.1.128", "10.9.1.129", "10.9.1.130", "10.9.1.131", "10.81.0.2"]
    last, endpoint, _ = made[-1]
    assert (endpoint.ipv4_prefix, endpoint.gateway) == (24, "10.81.0.1")
    assert "default via 10.81.0.1" in last.sh("ip route")
    assert "default via 10.9.1.2" in made[0][0].sh("ip route")
    assert last.ask("10.81.0.1", 7000) == "outside 10.81.0.2"
    assert outside.ask("10.81.0.2", 80) == "c4 10.81.0.1"
    _, fixed = site.open(network, EndpointRequest(ipv4_address="10.81.0.77"))
    assert fixed.gateway == "10.81.0.1"
    site.restart()
    _, next_one = site.open(network)
    assert next_one.ipv4_address == "10.81.0.78"
