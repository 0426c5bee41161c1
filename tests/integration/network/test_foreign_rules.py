"""Beside other people's rules: forward chains that drop by policy, and hosts that did not forward."""

from pathlib import Path

import pytest
from support.netlab import Lab
from support.network_engine import NetworkEngine, publish

pytestmark = pytest.mark.root

DROPPING = "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }"
WITH_USER_CHAIN = f"{DROPPING}; add chain ip filter DOCKER-USER; add rule ip filter FORWARD jump DOCKER-USER"
NETFILTER_BRIDGE = "/proc/sys/net/bridge/bridge-nf-call-iptables"


@pytest.mark.parametrize(("rules", "chain"), [(DROPPING, "FORWARD"), (WITH_USER_CHAIN, "DOCKER-USER")])
@pytest.mark.parametrize("bridge_netfilter", ["0", "1"])
def test_traffic_passes_a_foreign_chain_that_drops(
    lab: Lab, tmp_path: Path, rules: str, chain: str, bridge_netfilter: str
) -> None:
    lab.sh(f"nft '{rules}'; if [ -e {NETFILTER_BRIDGE} ]; then echo {bridge_netfilter} > {NETFILTER_BRIDGE}; fi")
    outside = lab.neighbour("outside", 1)
    outside.serve(7000)
    site = NetworkEngine(lab, tmp_path)
    site.start()
    bridge = site.create()
    web, _, _ = site.container(bridge, "web", publish("8080"))
    peer, endpoint, _ = site.container(bridge, "peer")

    assert web.ask("10.9.1.2", 7000) == "outside 10.9.1.1"
    assert outside.ask("10.9.1.1", 8080) == "web 10.9.1.2"
    assert web.ask(endpoint.ipv4_address, 80) is not None
    assert peer.ask(endpoint.gateway, 8080) is not None
    assert web.ask(endpoint.gateway, 8080) is not None
    added = lab.sh(f"nft list chain ip filter {chain}")
    assert added.count('accept comment "pier_test"') == 2
    assert len(site.networks.foreign_rules) == 2

    site.restart()
    assert lab.sh(f"nft list chain ip filter {chain}").count("pier_test") == 2
    site.teardown()
    assert "pier" not in lab.sh("nft list ruleset")


def test_own_table_only_leaves_foreign_chains_alone(lab: Lab, tmp_path: Path) -> None:
    lab.sh(f"nft '{DROPPING}'")
    outside = lab.neighbour("outside", 1)
    outside.serve(7000)
    site = NetworkEngine(lab, tmp_path, own_table_only=True)
    site.start()
    web, _, _ = site.container(site.create(), "web")

    assert "accept" not in lab.sh("nft list chain ip filter FORWARD")
    assert web.cannot_reach("10.9.1.2", 7000)
    site.teardown()


def test_accepts_go_with_their_bridge(lab: Lab, tmp_path: Path) -> None:
    lab.sh(f"nft '{DROPPING}'")
    site = NetworkEngine(lab, tmp_path)
    site.start()
    site.create()
    other = site.create("other", bridge="pier1")
    site.remove(other)

    text = lab.sh("nft list chain ip filter FORWARD")
    assert text.count('"pier0"') == 2
    assert '"pier1"' not in text
    site.teardown()


def test_refresh_follows_a_chain_that_begins_to_drop_and_a_flushed_ruleset(lab: Lab, tmp_path: Path) -> None:
    outside = lab.neighbour("outside", 1)
    site = NetworkEngine(lab, tmp_path)
    site.start()
    site.container(site.create(), "web", publish("8080"))
    lab.sh(f"nft flush ruleset; nft '{DROPPING}'")
    assert outside.cannot_reach("10.9.1.1", 8080)

    lab.run(site.networks.refresh())

    assert outside.ask("10.9.1.1", 8080) == "web 10.9.1.2"
    site.teardown()


def test_host_that_did_not_forward_forwards_for_containers_only(lab: Lab, tmp_path: Path) -> None:
    lab.sh("echo 0 > /proc/sys/net/ipv4/ip_forward")
    one, two = lab.neighbour("one", 1), lab.neighbour("two", 2)
    two.serve(7000)
    site = NetworkEngine(lab, tmp_path)
    site.start()
    web, _, _ = site.container(site.create(), "web", publish("8080"))

    assert web.ask("10.9.2.2", 7000) == "two 10.9.2.1"
    assert one.ask("10.9.1.1", 8080) == "web 10.9.1.2"
    assert one.cannot_reach("10.9.2.2", 7000)

    site.restart()
    assert one.cannot_reach("10.9.2.2", 7000)
    site.teardown()
    assert lab.sh("cat /proc/sys/net/ipv4/ip_forward").strip() == "0"
    lab.sh("echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert one.ask("10.9.2.2", 7000) == "two 10.9.1.2"


def test_guard_forgets_a_removed_bridge_and_gives_way_to_a_foreign_chain_that_drops(lab: Lab, tmp_path: Path) -> None:
    lab.sh("echo 0 > /proc/sys/net/ipv4/ip_forward")
    one, two = lab.neighbour("one", 1), lab.neighbour("two", 2)
    two.serve(7000)
    site = NetworkEngine(lab, tmp_path)
    site.start()
    site.create()
    site.remove(site.create("other", bridge="pier1"))
    assert '{ "pier0" }' in lab.sh("nft list set ip pier-router bridges")

    for rule in ("iifname wire1 accept", "oifname wire1 accept"):  # as a dockerd for a bridge of its own
        lab.sh(f"nft '{DROPPING}; add rule ip filter FORWARD {rule}'")
    lab.run(site.networks.refresh())

    assert "pier-router" not in lab.sh("nft list tables")
    assert one.ask("10.9.2.2", 7000) == "two 10.9.1.2"
    site.teardown()
    assert lab.sh("cat /proc/sys/net/ipv4/ip_forward").strip() == "1"


def test_second_engine_passes_the_guard_of_the_first(lab: Lab, tmp_path: Path) -> None:
    lab.sh("echo 0 > /proc/sys/net/ipv4/ip_forward")
    outside = lab.neighbour("outside", 1)
    outside.serve(7000)
    first, second = NetworkEngine(lab, tmp_path, "first"), NetworkEngine(lab, tmp_path, "second")
    first.start()
    second.start()
    first.create()
    web, _, _ = second.container(second.create(bridge="pier9"), "web")

    assert web.ask("10.9.1.2", 7000) == "outside 10.9.1.1"
    first.teardown()
    assert web.ask("10.9.1.2", 7000) == "outside 10.9.1.1"
    second.teardown()
    assert lab.sh("cat /proc/sys/net/ipv4/ip_forward").strip() == "0"
