"""Restarts, clashes, neighbours and leftovers of the whole adapter."""

from pathlib import Path

import pytest
from support.asking import asking
from support.netlab import Lab
from support.network_engine import NetworkEngine, publish
from support.timing import Times, assert_takes_less
from support.wait import wait_for

from pier.domain.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, Unsupported
from pier.domain.network import EndpointRequest, Network

pytestmark = pytest.mark.root


def test_published_port_has_no_gap_while_the_engine_restarts(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    outside = lab.neighbour("outside", 1)
    _, before, _ = site.container(bridge, "web", publish("8080"))
    with asking(lambda: (outside.ask("10.9.1.1", 8080), lab.ask("127.0.0.1", 8080))) as clients:
        for _ in range(10):
            site.restart()
            clients.await_new_answer()

    assert {(answer or "lost").split()[0] for pair in clients.answers for answer in pair} == {"web"}
    _, later, _ = site.container(bridge, "later")
    assert later.ipv4_address != before.ipv4_address
    with pytest.raises(Conflict, match=r"0\.0\.0\.0:8080 failed: port is already allocated"):
        site.container(bridge, "greedy", publish("8080"))


def test_restart_and_further_bridges_leave_the_rules_in_place(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    def handles() -> str:
        return lab.sh("nft --handle list table inet pier_test | grep -E 'chain|handle' | grep -v elements")

    site.container(bridge, "web", publish("8080"))
    before = handles()

    site.restart()
    site.remove(site.create("other", bridge="pier1"))

    assert "forward" in before
    assert handles() == before


def test_refresh_puts_back_rules_and_elements_that_others_took(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    site.container(bridge, "web", publish("8080"))
    table = lab.sh("nft list table inet pier_test")
    for spoiled in ("flush chain inet pier_test published_ports", "flush map inet pier_test published_anywhere"):
        lab.sh(f"nft {spoiled}")
        assert lab.sh("nft list table inet pier_test") != table

        lab.run(site.networks.refresh())

        assert sorted(lab.sh("nft list table inet pier_test").split()) == sorted(table.split())
        assert (lab.ask("127.0.0.1", 8080) or "").startswith("web ")


def test_restart_makes_anew_what_was_lost(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    site.container(bridge, "web", publish("8080"))
    lab.sh("ip link del pier0; nft flush ruleset")

    site.restart()

    assert (lab.ask("127.0.0.1", 8080) or "").startswith("web ")


def test_port_of_a_host_process_is_refused_and_nothing_is_published(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    lab.serve(8081, address="127.0.0.1")
    container_id, endpoint = site.open(bridge)

    with pytest.raises(Conflict, match=r"failed to bind host port 0\.0\.0\.0:8081/tcp: address already in use"):
        lab.run(site.networks.publish(container_id, endpoint, [publish("8080"), publish("8081")]))

    assert site.keeper.kept == {}
    assert lab.sh("nft list map inet pier_test published_anywhere").count("8080") == 0
    assert lab.run(site.networks.publish(container_id, endpoint, [publish("8080")]))[0].host_port == 8080


def test_host_process_cannot_take_a_published_port(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    _, endpoint, _ = site.container(bridge, "web", publish("8080"))
    with pytest.raises(OSError, match="in use"):
        lab.serve(8080)
    site.end(endpoint)
    lab.serve(8080)
    assert (lab.ask("127.0.0.1", 8080) or "").startswith("host ")


def test_port_that_the_keeper_holds_for_a_dead_container_is_freed_by_disconnect(
    lab: Lab, site: NetworkEngine, bridge: Network
) -> None:
    _, endpoint, _ = site.container(bridge, "web", publish("8080"))
    container_id = next(iter(site.endpoints))
    site.endpoints.clear()  # it died while the engine was away
    site.restart()

    lab.run(site.networks.disconnect(container_id, endpoint))

    site.container(bridge, "next", publish("8080"))
    assert (lab.ask("127.0.0.1", 8080) or "").startswith("next ")


def test_port_that_a_crash_left_unrecorded_is_freed_at_start(lab: Lab, tmp_path: Path) -> None:
    async def kept_names() -> list[str]:
        return list(site.keeper.kept)

    site = NetworkEngine(lab, tmp_path, kept_names=kept_names)
    site.start()
    bridge = site.create()
    _, recorded, _ = site.container(bridge, "web", publish("8080"))
    container_id, endpoint = site.open(bridge)
    lab.run(site.networks.publish(container_id, endpoint, [publish("8081")]))
    del site.endpoints[container_id]  # pierd was killed before it wrote this down

    site.restart()

    assert {name.split("/")[-1] for name in site.keeper.kept} == {str(recorded.published[0].host_port)}
    site.container(bridge, "next", publish("8081"))
    site.teardown()


def test_ephemeral_ports_and_ranges_take_the_next_free(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    container_id, endpoint = site.open(bridge)
    requests = [publish(), publish(), publish("9000-9002"), publish("9000-9002")]

    done = lab.run(site.networks.publish(container_id, endpoint, requests))

    assert [port.host_port for port in done if port.host_ip == "0.0.0.0"] == [9000, 9001, 32768, 32769]
    assert [port.host_port for port in done if port.host_ip == "::"] == [9000, 9001, 32768, 32769]


def test_two_engines_live_side_by_side_and_do_not_take_each_others_bridge(
    lab: Lab, site: NetworkEngine, bridge: Network, tmp_path: Path
) -> None:
    second = NetworkEngine(lab, tmp_path, "second")
    second.start()
    with pytest.raises(Conflict, match="interface pier0 exists and is not a bridge of this engine"):
        second.create()
    other = second.create(bridge="pier7")
    web, _, _ = site.container(bridge, "web", publish("8080"))
    _, theirs, _ = second.container(other, "theirs", publish("8081"))

    assert other.pools[0].subnet != bridge.pools[0].subnet
    assert web.cannot_reach(theirs.ipv4_address, 80)
    assert (lab.ask("127.0.0.1", 8081) or "").startswith("theirs ")
    with pytest.raises(Conflict, match="already"):
        second.container(other, "greedy", publish("8080"))

    second.teardown()
    assert (lab.ask("127.0.0.1", 8080) or "").startswith("web ")


def test_teardown_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    links, rules = lab.sh("ip -o link"), lab.sh("nft list ruleset")
    site = NetworkEngine(lab, tmp_path)
    site.start()
    site.container(site.create(), "web", publish("8080"), publish("53", protocol="udp"))
    site.create("other", bridge="pier1")
    for place in list(lab.places):
        lab.leave(place)

    site.teardown()

    wait_for(lambda: lab.sh("ip -o link").count("\n") == links.count("\n"), what="all links are gone")
    assert lab.sh("nft list ruleset") == rules
    assert not any((tmp_path / "test" / "netns").iterdir())
    assert f"{tmp_path}/test/netns" not in Path("/proc/self/mountinfo").read_text()
    assert site.keeper.kept == {}


def test_subnets_that_overlap_are_refused_by_name(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    lab.neighbour("outside", 1)
    with pytest.raises(PermissionDenied, match=r"172\.17\.2\.0/24 .* 172\.17\.0\.0/22 of network bridge"):
        site.create("inner", bridge="pier1", subnet="172.17.2.0/24")
    with pytest.raises(PermissionDenied, match=r"10\.9\.1\.0/24 of the route of interface wire1"):
        site.create("inner", bridge="pier1", subnet="10.9.0.0/16")
    assert site.create("free", bridge="pier1", subnet="10.10.0.0/24").pools[0].gateway == "10.10.0.1"


def test_default_pool_avoids_what_the_host_routes(lab: Lab, site: NetworkEngine) -> None:
    lab.neighbour("outside", 1)
    lab.sh("ip route add 172.16.0.0/15 via 10.9.1.2; ip route add 172.18.2.0/24 via 10.9.1.2")

    assert lab.run(site.networks.default_pool(())) == "172.18.4.0/22"


def test_fixed_address_mac_and_interface_name_are_honoured(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    request = EndpointRequest(
        ipv4_address="172.17.2.9",
        mac_address="02:42:00:00:00:07",
        driver_opts={"com.docker.network.endpoint.ifname": "lan0"},
    )
    container_id, endpoint = site.open(bridge, request)

    text = site.place(container_id, "fixed").sh("ip addr show lan0")
    assert "172.17.2.9/22" in text
    assert "02:42:00:00:00:07" in text
    assert endpoint.interface == "lan0"
    with pytest.raises(Conflict, match=r"Address already in use: 172\.17\.2\.9"):
        site.open(bridge, request)


def test_sysctls_are_written_inside(lab: Lab, site: NetworkEngine) -> None:
    path = lab.run(site.networks.open_netns("c" * 64, {"net.ipv4.ip_unprivileged_port_start": "0"}))
    inside = lab.place("inside", path)
    assert inside.sh("cat /proc/sys/net/ipv4/ip_unprivileged_port_start").strip() == "0"
    assert lab.sh("cat /proc/sys/net/ipv4/ip_unprivileged_port_start").strip() == "1024"
    for name in ("net.ipv4.no_such_thing", "kernel.msgmax", "net/../kernel/msgmax"):
        with pytest.raises(InvalidArgument, match="sysctl"):
            lab.run(site.networks.open_netns("d" * 64, {name: "1"}))
    assert lab.run(site.networks.list_netns()) == ["c" * 64]


def test_sysctls_of_an_endpoint_are_of_its_interface(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    key = "com.docker.network.endpoint.sysctls"
    asked = EndpointRequest(driver_opts={key: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0"})
    container_id, _ = site.open(bridge, asked)
    inside = site.place(container_id, "web")
    assert inside.sh("cat /proc/sys/net/ipv4/conf/eth0/log_martians").strip() == "1"
    with pytest.raises(InvalidArgument, match="nope does not take the value '1'"):
        site.open(bridge, EndpointRequest(driver_opts={key: "net.ipv4.conf.IFNAME.nope=1"}))


def test_network_without_driver_has_loopback_only(lab: Lab, site: NetworkEngine) -> None:
    none = Network(id="n" * 64, name="none", driver="null")
    lab.run(site.networks.create(none))
    container_id, endpoint = site.open(none)
    inside = site.place(container_id, "alone")

    assert endpoint.ipv4_address == ""
    assert inside.sh("ip -o link").count("\n") == 1
    inside.serve(80)
    assert inside.ask("127.0.0.1", 80) == "alone 127.0.0.1"


def test_counters_show_the_containers_traffic(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    site.container(bridge, "web", publish("8080"))
    container_id = next(iter(site.endpoints))
    lab.ask("127.0.0.1", 8080)

    (counters,) = lab.run(site.networks.counters(container_id))
    assert counters.name == "eth0"
    assert counters.rx_packets >= 3
    assert counters.tx_bytes > 100
    with pytest.raises(NotFound, match="no network namespace"):
        lab.run(site.networks.counters("f" * 64))


def test_what_is_not_built_is_refused_by_name(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    container_id, endpoint = site.open(bridge)
    with pytest.raises(Unsupported, match="overlay"):
        lab.run(site.networks.create(Network(id="e" * 64, name="m", driver="overlay")))
    with pytest.raises(Unsupported, match="::1"):
        lab.run(site.networks.publish(container_id, endpoint, [publish("80", host_ip="::1", protocol="sctp")]))


def test_removed_network_leaves_no_bridge_and_is_refused_while_in_use(lab: Lab, site: NetworkEngine) -> None:
    network = site.create("other", bridge="pier1")
    _, endpoint, _ = site.container(network, "web")
    with pytest.raises(Conflict, match="active endpoints"):
        site.remove(network)
    site.end(endpoint)

    site.remove(network)

    assert "pier1" not in lab.sh("ip -o link; nft list ruleset")


def test_namespace_and_connection_take_few_milliseconds(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    def work(times: Times) -> None:
        with times.measured():
            _, endpoint = site.open(bridge)
        site.end(endpoint)

    assert_takes_less(work, 0.005)
