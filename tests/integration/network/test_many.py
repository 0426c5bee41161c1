"""Many networks, and as many containers on one as a bridge has ports: made, used, and gone without a trace."""

import time
from pathlib import Path

import pytest
from support.netlab import Lab
from support.network_engine import NetworkEngine
from support.wait import wait_for

from pier.domain.errors import Conflict

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.timeout(300)]
NETWORKS = 200
PORTS = 1023  # of a Linux bridge (BR_MAX_PORTS in net/bridge/br_private.h, less the bridge itself)


def test_many_networks_come_and_go(lab: Lab, site: NetworkEngine) -> None:
    links, rules = lab.sh("ip -o link | wc -l"), lab.sh("nft list table inet pier_test")
    began = time.monotonic()
    networks = [site.create(f"n{number}", bridge=f"many{number}", enable_ipv6=True) for number in range(NETWORKS)]
    made = time.monotonic()
    assert len({network.pools[0].subnet for network in networks}) == NETWORKS
    assert len({network.pools[1].subnet for network in networks}) == NETWORKS
    for network in (networks[0], networks[-1]):
        one, _, _ = site.container(network, "one")
        _, others, _ = site.container(network, "other")
        assert (one.ask(others.ipv4_address, 80) or "").startswith("other ")
    for place in list(lab.places):
        lab.leave(place)
    for several in list(site.endpoints.values()):
        site.end(several[0])
    removing = time.monotonic()
    for network in networks:
        site.remove(network)
    print(f"{NETWORKS} networks made in {made - began:.1f} s, removed in {time.monotonic() - removing:.1f} s")
    wait_for(lambda: lab.sh("ip -o link | wc -l") == links, what="all links are gone")
    assert lab.sh("nft list table inet pier_test") == rules


def test_a_bridge_takes_as_many_as_it_has_ports(lab: Lab, site: NetworkEngine, tmp_path: Path) -> None:
    network = site.create("big", bridge="big0", subnet="10.50.0.0/20")
    fill, empty = tmp_path / "fill", tmp_path / "empty"
    names = [(f"fill{number}", f"lift{number}") for number in range(PORTS - 1)]
    pairs = "".join(f"link add {one} master big0 type veth peer name {other}\n" for one, other in names)
    fill.write_text(pairs)
    empty.write_text("".join(f"link del {one}\n" for one, _ in names))
    lab.sh(f"ip -batch {fill}")
    _, last = site.open(network)
    assert last.ipv4_address
    with pytest.raises(Conflict, match="a Linux bridge takes 1023 ports; put some containers on another network"):
        site.open(network)
    _, endpoint = site.open(site.create("next", bridge="big1"))
    assert endpoint.ipv4_address
    lab.sh(f"ip -batch {empty}")
