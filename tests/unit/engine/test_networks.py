"""Networks: the three that are always there, the user's own, and who is on them."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import HostConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, PierError, Unsupported
from pier.domain.filters import Filters
from pier.domain.network import Endpoint, IpamPool, Network
from pier.engine.networks import CreateNetwork


def named(world: World, name: str) -> Network:
    return world.engine.networks.get(name).network


async def make(world: World, name: str = "mine", **fields: object) -> str:
    network_id, _ = await world.engine.networks.create(CreateNetwork(name=name, **fields))  # type: ignore[arg-type]  # tests name fields freely
    return network_id


async def test_bridge_host_and_none_are_made_once(world: World) -> None:
    before = {network.name: network for network in world.context.memory.networks.values()}
    assert {name: network.driver for name, network in before.items()} == {
        "bridge": "bridge",
        "host": "host",
        "none": "null",
    }
    assert before["bridge"].options["com.docker.network.bridge.default_bridge"] == "true"
    assert before["bridge"].pools[0].subnet == "172.17.0.0/22"
    await world.restart()
    assert {network.name: network for network in world.context.memory.networks.values()} == before


async def test_options_that_mean_nothing_are_kept_and_named_in_the_warning(world: World) -> None:
    options = {"com.docker.network.bridge.name": "br9", "com.example.note": "1"}
    _, warning = await world.engine.networks.create(CreateNetwork(name="mine", options=options))
    assert warning == "driver option com.example.note has no effect"
    assert named(world, "mine").options == options


async def test_create_takes_the_next_subnet_and_is_durable(world: World) -> None:
    network_id = await make(world, labels={"k": "v"}, internal=True)
    network = named(world, "mine")
    assert (network.id, network.pools[0].subnet, network.internal) == (network_id, "172.17.4.0/22", True)
    assert network.created_at > 0
    assert network in (await world.records.load()).networks
    event = world.events[-1]
    assert (event.type, event.action, event.attributes) == ("network", "create", {"name": "mine", "type": "bridge"})


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": ""}, InvalidArgument),
        ({"name": "bridge"}, PermissionDenied),
        ({"name": "default"}, PermissionDenied),
        ({"name": "container:x"}, PermissionDenied),
        ({"name": "x", "driver": "macvlan"}, Unsupported),
        ({"name": "x", "driver": "host"}, PermissionDenied),
        ({"name": "x", "driver": "weave"}, NotFound),
        ({"name": "x", "ipam_driver": "dhcp"}, NotFound),
    ],
)
async def test_what_cannot_be_made(world: World, fields: dict[str, object], error: type[PierError]) -> None:
    with pytest.raises(error):
        await make(world, **fields)  # type: ignore[arg-type]  # by parameter
    assert len(world.context.memory.networks) == 3


async def test_a_name_is_given_once_also_to_those_who_ask_at_once(world: World) -> None:
    results = await asyncio.gather(make(world), make(world), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "str"]
    with pytest.raises(Conflict, match="network with name mine already exists"):
        await make(world)


async def test_found_by_name_id_and_prefix(world: World) -> None:
    network_id = await make(world)
    for ref in ("mine", network_id, network_id[:12]):
        assert world.engine.networks.get(ref).network.id == network_id
    with pytest.raises(NotFound, match="network gone not found"):
        world.engine.networks.get("gone")


async def test_members_are_those_that_run(world: World) -> None:
    await make(world)
    container_id = await world.run("web", host=HostConfig(network_mode="mine"))
    ((name, endpoint),) = world.engine.networks.get("mine").containers.values()
    assert (name, endpoint.ipv4_address) == ("web", "172.17.4.2")
    world.end(container_id)
    await world.ended("web")
    assert world.engine.networks.get("mine").containers == {}


async def test_remove(world: World) -> None:
    network_id = await make(world)
    await world.engine.networks.remove("mine")
    assert network_id not in world.context.memory.networks
    assert network_id not in world.networks.networks
    assert (world.events[-1].action, world.events[-1].actor_id) == ("destroy", network_id)


async def test_what_cannot_be_removed(world: World) -> None:
    with pytest.raises(PermissionDenied, match="pre-defined"):
        await world.engine.networks.remove("bridge")
    await make(world)
    await world.run("web", host=HostConfig(network_mode="mine"))
    with pytest.raises(PermissionDenied, match=r'active endpoints.*name:"web"'):
        await world.engine.networks.remove("mine")
    await world.engine.containers.stop("web")
    await world.engine.networks.remove("mine")  # a stopped container does not hold it


async def test_a_removal_that_fails_keeps_the_record(world: World) -> None:
    await make(world)
    world.networks.fail["remove"] = PierError("busy")
    with pytest.raises(PierError, match="busy"):
        await world.engine.networks.remove("mine")
    assert named(world, "mine")


async def test_list_by_filter(world: World) -> None:
    network_id = await make(world, labels={"k": "v"})
    await world.create("web", host=HostConfig(network_mode="none"))

    def names(**filters: str) -> list[str]:
        chosen = Filters({key: (value,) for key, value in filters.items()})
        return sorted(network.name for network in world.engine.networks.list(chosen))

    assert names() == ["bridge", "host", "mine", "none"]
    assert names(driver="bridge") == ["bridge", "mine"]
    assert names(driver="null") == ["none"]
    assert names(id=network_id[:6]) == ["mine"]
    assert names(name="in") == ["mine"]
    assert names(name="^in") == []
    assert names(name="^mine$") == ["mine"]
    assert names(label="k=v") == ["mine"]
    assert names(type="custom") == ["mine"]
    assert names(type="builtin") == ["bridge", "host", "none"]
    assert names(scope="swarm") == []
    assert names(dangling="true") == ["mine"]
    for bad in ({"nope": "x"}, {"type": "odd"}, {"dangling": "perhaps"}):
        with pytest.raises(InvalidArgument):
            names(**bad)


async def test_prune_takes_what_no_container_is_on(world: World) -> None:
    await make(world, "used")
    await make(world, "free", labels={"k": "v"})
    await world.create("web", host=HostConfig(network_mode="used"))
    assert await world.engine.networks.prune(Filters({"until": ("1h",)})) == []
    assert await world.engine.networks.prune(Filters({"label!": ("k",)})) == []
    assert await world.engine.networks.prune(Filters()) == ["free"]
    assert (world.events[-1].type, world.events[-1].action) == ("network", "prune")
    assert {network.name for network in world.context.memory.networks.values()} == {"bridge", "host", "none", "used"}


async def test_default_options_say_which_families_a_network_has_unless_it_says_so_itself(world: World) -> None:
    defaults = {"com.docker.network.enable_ipv4": "false", "com.docker.network.enable_ipv6": "true"}
    world.settings = {"default_network_opts": {"bridge": {**defaults, "com.docker.network.driver.mtu": "1400"}}}
    await world.restart()
    await make(world, "plain")
    await make(world, "asked", enable_ipv4=True, enable_ipv6=False, options={"com.docker.network.driver.mtu": "1300"})
    plain, asked = named(world, "plain"), named(world, "asked")
    assert (plain.enable_ipv4, plain.enable_ipv6, plain.options) == (
        False,
        True,
        {**defaults, "com.docker.network.driver.mtu": "1400"},
    )
    assert (asked.enable_ipv4, asked.enable_ipv6, asked.options) == (
        True,
        False,
        {"com.docker.network.driver.mtu": "1300"},
    )
    with pytest.raises(InvalidArgument, match="IPv4 or IPv6 must be enabled"):
        await make(world, "none6", enable_ipv6=False)
    await make(world, "conf", config_only=True)
    await make(world, "real", config_from="conf")
    assert (named(world, "real").enable_ipv4, named(world, "real").options) == (True, {})


async def test_a_configuration_is_for_other_networks(world: World) -> None:
    networks = world.engine.networks
    pool = IpamPool(subnet="10.66.0.0/24")
    await networks.create(CreateNetwork(name="conf", config_only=True, pools=(pool,), labels={"a": "b"}))
    conf = named(world, "conf")
    assert (conf.driver, conf.config_only) == ("null", True)
    await networks.create(CreateNetwork(name="real", config_from="conf"))
    real = named(world, "real")
    assert (real.pools[0].subnet, real.labels, real.config_from) == ("10.66.0.0/24", {"a": "b"}, "conf")
    for wrong, words in (
        (CreateNetwork(name="x", config_from="conf", pools=(pool,)), "user specified configurations"),
        (CreateNetwork(name="x", config_only=True, internal=True), "network specific fields"),
    ):
        with pytest.raises(PermissionDenied, match=words):
            await networks.create(wrong)
    for name in ("nope", "real"):
        with pytest.raises(NotFound, match=f'configuration network "{name}" does not exist'):
            await networks.create(CreateNetwork(name="x", config_from=name))
    with pytest.raises(PierError, match="configuration-only network"):
        await world.create("web", host=HostConfig(network_mode="conf"))
    with pytest.raises(PermissionDenied, match='configuration network "conf" is in use'):
        await networks.remove("conf")
    assert sorted(await networks.prune(Filters())) == ["real"]
    await networks.remove("conf")


async def test_of_two_removals_at_once_one_finds_nothing(world: World) -> None:
    await make(world)
    remove = world.engine.networks.remove
    results = await asyncio.gather(remove("mine"), remove("mine"), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), NotFound]
    assert world.actions()[-2:].count("network destroy") == 1


async def test_a_network_that_a_container_is_coming_to_stays(world: World) -> None:
    one = await make(world, "one")
    await make(world, "two")
    container_id = await world.create("web")
    world.networks.attached[container_id, one] = Endpoint(network_id=one, network_name="one")  # not recorded yet
    with pytest.raises(PermissionDenied, match="error while removing network: network one has active endpoints"):
        await world.engine.networks.remove("one")
    assert await world.engine.networks.prune(Filters()) == ["two"]
    assert named(world, "one")


async def test_prune_goes_on_past_a_network_that_cannot_be_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, _ = await make(world, "bad"), await make(world, "good")
    remove = world.networks.remove

    async def picky(network: Network) -> None:
        if network.id == bad:
            raise Conflict("the bridge is busy")
        await remove(network)

    monkeypatch.setattr(world.networks, "remove", picky)
    assert await world.engine.networks.prune(Filters()) == ["good"]
