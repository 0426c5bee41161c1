"""The network `bridge` as configured, at the first start and after a change of the configuration."""

import pytest
from fakes.world import World

from pier.domain.errors import InvalidArgument
from pier.domain.network import IpamPool, Network


def bridge(world: World) -> Network:
    return world.engine.networks.get("bridge").network


async def restart_with(world: World, **settings: object) -> None:
    world.settings = settings
    await world.restart()


async def test_nothing_configured_keeps_what_was_chosen_first(world: World) -> None:
    before = bridge(world)
    assert (before.pools[0].subnet, before.enable_ipv6, len(before.pools)) == ("172.17.0.0/22", False, 1)
    await world.restart()
    assert bridge(world) == before
    assert world.networks.calls.count("create") == 1


async def test_addresses_of_both_families(world: World) -> None:
    before = bridge(world)
    await restart_with(
        world,
        bip="172.30.0.1/16",
        fixed_cidr="172.30.5.0/24",
        default_gateway="172.30.0.254",
        ipv6=True,
        bip6="fd00:30::5/64",
        default_gateway_v6="fd00:30::9",
    )
    now = bridge(world)
    assert (now.id, now.created_at, now.enable_ipv6) == (before.id, before.created_at, True)
    assert now.pools == (
        IpamPool(
            subnet="172.30.0.0/16",
            gateway="172.30.0.1",
            ip_range="172.30.5.0/24",
            aux_addresses={"DefaultGatewayIPv4": "172.30.0.254"},
        ),
        IpamPool(subnet="fd00:30::/64", gateway="fd00:30::5", aux_addresses={"DefaultGatewayIPv6": "fd00:30::9"}),
    )
    assert now in (await world.records.load()).networks
    await world.restart()  # with the same settings
    assert bridge(world) == now
    assert world.networks.calls.count("create") == 2


async def test_ipv6_without_a_subnet_is_generated_and_stays(world: World) -> None:
    await restart_with(world, ipv6=True)
    generated = bridge(world).pools[1]
    assert generated.subnet.startswith("fd")
    await world.restart()
    assert bridge(world).pools[1] == generated
    await restart_with(world)
    assert [pool.subnet for pool in bridge(world).pools] == ["172.17.0.0/22"]


async def test_a_fixed_cidr_alone_is_all_of_the_subnet(world: World) -> None:
    await restart_with(world, fixed_cidr="10.44.0.0/24", ipv6=True, fixed_cidr_v6="fd00:44::/64")
    four, six = bridge(world).pools
    assert (four.subnet, four.gateway, four.ip_range) == ("10.44.0.0/24", "10.44.0.1", "10.44.0.0/24")
    assert (six.subnet, six.gateway, six.ip_range) == ("fd00:44::/64", "fd00:44::1", "fd00:44::/64")
    await restart_with(world)
    assert [(pool.subnet, pool.ip_range) for pool in bridge(world).pools] == [("10.44.0.0/24", "")]


async def test_containers_keep_the_bridge_as_it_is(world: World, caplog: pytest.LogCaptureFixture) -> None:
    container = await world.run("trap")
    before = bridge(world)
    await restart_with(world, bip="172.30.0.1/16")
    assert bridge(world) == before
    assert "stay as they are, as containers run on it" in caplog.text
    await world.engine.containers.remove(container, force=True)
    await world.restart()
    assert bridge(world).pools[0].subnet == "172.30.0.0/16"


async def test_a_gateway_outside_of_the_chosen_subnet(world: World) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await restart_with(world, default_gateway="10.1.1.1")
    (error,) = caught.value.exceptions
    assert isinstance(error, InvalidArgument)
    assert "auxiliary address DefaultGatewayIPv4 10.1.1.1" in error.message
