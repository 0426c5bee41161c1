"""What the kernel has of an endpoint, in the lab."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.netlab import Lab
from support.network_engine import NetworkEngine, publish

from pier.domain.network import EndpointFacts

pytestmark = pytest.mark.root


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[NetworkEngine]:
    made = NetworkEngine(lab, tmp_path)
    made.start()
    yield made
    made.teardown()


def examine(site: NetworkEngine) -> EndpointFacts:
    container_id, (endpoint,) = next(iter(site.endpoints.items()))
    return site.lab.run(site.networks.examine(container_id, endpoint))


def test_all_is_well_and_connections_are_counted(lab: Lab, site: NetworkEngine) -> None:
    network = site.create(enable_ipv6=True)
    web, endpoint, _ = site.container(network, "web", publish("8080"))
    facts = examine(site)
    assert (facts.parent, facts.parent_up, facts.link, facts.inside_up) == ("pier0", True, "up", True)
    assert {endpoint.ipv4_address, endpoint.ipv6_address} <= set(facts.inside or ())
    assert [(one.published.host_ip, one.way) for one in facts.ports] == [("0.0.0.0", "rules"), ("::", "rules")]
    before = facts.ports[0].flows
    assert lab.ask("127.0.0.1", 8080) is not None
    assert examine(site).ports[0].flows > before
    assert web.name == "web"


def test_what_others_broke_is_seen(lab: Lab, site: NetworkEngine) -> None:
    network = site.create()
    web, endpoint, _ = site.container(network, "web", publish("8080"))
    assert [one.way for one in examine(site).ports] == ["rules", "relay"]
    lab.sh("nft flush ruleset")
    assert [one.way for one in examine(site).ports] == ["", "relay"]
    lab.sh(f"ip link set {endpoint.host_interface} nomaster")
    assert examine(site).link == "astray"
    web.sh("ip addr flush dev eth0")
    assert endpoint.ipv4_address not in (examine(site).inside or ())
    lab.sh(f"ip link del {endpoint.host_interface}; ip link set pier0 down")
    facts = examine(site)
    assert (facts.parent_up, facts.link, facts.inside) == (False, "", None)
