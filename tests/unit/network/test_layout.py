"""The layout and its bridges, in the lab; what packets do there is tested in tests/integration/network."""

import asyncio
from typing import Any

import pytest
from support.netlab import Lab

from pier.domain.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, PierError
from pier.domain.network import IpamPool, Network
from pier.network.bridges import Bridges, random_mac
from pier.network.firewall import Firewall
from pier.network.layout import Layout
from pier.network.worker import Worker

pytestmark = pytest.mark.root


@pytest.fixture
def layout(lab: Lab) -> Layout:
    async def make() -> Layout:
        made = Layout(
            instance="x",
            pools=["base=10.0.0.0/16,size=24"],
            firewall=Firewall("x", own_table_only=False),
            worker=Worker(),
        )
        await made.start([], [])
        return made

    return lab.run(make())


def wanted(name: str, **more: Any) -> Network:
    return Network(id=(name * 64)[:64], name=name, driver="bridge", **more)


def test_network_is_completed_and_its_bridge_is_up(lab: Lab, layout: Layout) -> None:
    made = lab.run(layout.create(wanted("web")))
    assert (made.pools[0].subnet, made.pools[0].gateway, made.bridge) == ("10.0.0.0/24", "10.0.0.1", "br-webwebwebweb")
    assert "10.0.0.1/24" in lab.sh("ip -br addr show br-webwebwebweb")
    assert lab.sh("cat /proc/sys/net/ipv4/conf/br-webwebwebweb/route_localnet").strip() == "1"
    assert lab.run(layout.create(wanted("next"))).pools[0].subnet == "10.0.1.0/24"


def test_failed_bridge_leaves_no_rule_and_no_record(lab: Lab, layout: Layout) -> None:
    lab.sh("ip link add taken type bridge")
    for bridge, kind in (("taken", Conflict), ("far-too-long-for-a-link", InvalidArgument)):
        with pytest.raises(kind):
            lab.run(layout.create(wanted("web", bridge=bridge)))
        assert bridge not in lab.sh("nft list ruleset")
    with pytest.raises(NotFound):
        layout.find(wanted("web"))


def test_two_networks_do_not_share_a_bridge(lab: Lab, layout: Layout) -> None:
    lab.run(layout.create(wanted("one", bridge="pier0")))
    with pytest.raises(Conflict, match="belongs to network one"):
        lab.run(layout.create(wanted("two", bridge="pier0")))


def test_a_bridge_has_one_subnet_of_a_family(lab: Lab, layout: Layout) -> None:
    with pytest.raises(InvalidArgument, match="doesn't support multiple subnets"):
        lab.run(layout.create(wanted("web", pools=(IpamPool(subnet="10.1.0.0/24"), IpamPool(subnet="10.2.0.0/24")))))


def test_a_network_with_ipv6_has_its_gateway_on_the_bridge(lab: Lab, layout: Layout) -> None:
    own = lab.run(layout.create(wanted("own", bridge="pier0", enable_ipv6=True)))
    four, six = own.pools
    assert six.subnet.startswith("fd")
    assert six.subnet.endswith("/64")
    addresses = lab.sh("ip addr show pier0")
    assert f"inet {four.gateway}/" in addresses
    assert f"inet6 {six.gateway}/64" in addresses
    assert lab.sh("cat /proc/sys/net/ipv6/conf/all/forwarding").strip() == "1"
    given = (IpamPool(subnet="fd07::/64", gateway="fd07::9"),)
    alone = lab.run(layout.create(wanted("six", bridge="pier1", pools=given, enable_ipv4=False, enable_ipv6=True)))
    assert [pool.gateway for pool in alone.pools] == ["fd07::9"]
    assert "inet " not in lab.sh("ip addr show pier1")
    shown = lab.run(layout.create(wanted("four", bridge="pier2", pools=(IpamPool(subnet="fd08::/64"),))))
    assert sorted(bool(pool.gateway) for pool in shown.pools) == [False, True]
    assert "inet6" not in lab.sh("ip addr show pier2")
    with pytest.raises(PermissionDenied, match="fd07::/65 of network more with fd07::/64 of network six"):
        lab.run(layout.create(wanted("more", pools=(IpamPool(subnet="fd07::/65"),), enable_ipv6=True)))


def test_start_removes_bridges_that_nobody_recorded(lab: Lab, layout: Layout) -> None:
    recorded = lab.run(layout.create(wanted("one", bridge="pier0")))
    lab.run(layout.create(wanted("two", bridge="pier1")))
    layout.recall([recorded])
    lab.run(layout.start([], []))
    assert lab.do(Bridges("x").list_names) == ["pier0"]
    assert lab.do(Bridges("y").list_names) == []


def test_bridge_of_another_engine_is_not_removed(lab: Lab, layout: Layout) -> None:
    lab.run(layout.create(wanted("one", bridge="pier0")))
    lab.do(lambda: Bridges("y").remove("pier0"))
    assert "pier0" in lab.sh("ip -o link")


def test_random_mac_is_local_and_unicast() -> None:
    first = int(random_mac().split(":")[0], 16)
    assert first & 0b11 == 0b10


def test_nobody_comes_to_a_network_that_is_being_removed(lab: Lab, layout: Layout) -> None:
    async def remove() -> None:
        made = await layout.create(wanted("web"))
        async with asyncio.TaskGroup() as group:
            group.create_task(layout.remove(made))
            await asyncio.sleep(0)
            with pytest.raises(NotFound):
                layout.find(made)

    lab.run(remove())


def test_a_network_that_could_not_be_removed_is_still_there(
    lab: Lab, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise PierError("busy")

    made = lab.run(layout.create(wanted("web")))
    monkeypatch.setattr(layout._bridges, "remove", fail)
    with pytest.raises(PierError, match="busy"):
        lab.run(layout.remove(made))
    assert layout.find(made).network == made
