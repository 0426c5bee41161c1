"""Joining and leaving networks: what changes at once, what only in the record, and what is refused."""

import asyncio
from dataclasses import replace

import pytest
from fakes.world import World

from pier.domain.container import HostConfig, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, PierError
from pier.domain.network import Endpoint, EndpointRequest, PortBinding, PublishedPort
from pier.domain.record import Put
from pier.engine.networks import CreateNetwork


@pytest.fixture
async def nets(world: World) -> World:
    """With the networks back (172.18) and front (172.19)."""
    for name in ("back", "front"):
        await world.engine.networks.create(CreateNetwork(name=name))
    world.events.clear()
    return world


def on(network: str, **host: object) -> HostConfig:
    return HostConfig(network_mode=network, **host)  # type: ignore[arg-type]  # tests name fields freely


async def connect(world: World, network: str, container: str, **request: object) -> None:
    await world.engine.networks.connect(network, container, EndpointRequest(**request))  # type: ignore[arg-type]  # as above


async def disconnect(world: World, network: str, container: str) -> None:
    await world.engine.networks.disconnect(network, container)


def endpoints(world: World, container: str) -> dict[str, Endpoint]:
    return dict(world.container(container).endpoints)


def hosts(world: World, container_id: str) -> list[str]:
    return world.host.files[container_id]["hosts"].splitlines()[6:]


async def test_a_running_container_joins_at_once(nets: World) -> None:
    container_id = await nets.run("web", host=on("front"), hostname="webhost")
    await connect(nets, "back", "web", aliases=("www",), gw_priority=3)
    joined = endpoints(nets, "web")["back"]
    assert (joined.interface, joined.ipv4_address, joined.request.gw_priority) == ("eth1", "172.17.4.2", 3)
    assert joined.dns_names == ("web", "www", container_id[:12], "webhost")
    assert nets.networks.names[container_id] == {
        "front": ("web", container_id[:12], "webhost"),
        "back": joined.dns_names,
    }
    assert hosts(nets, container_id) == ["172.17.8.2\twebhost", "172.17.4.2\twebhost"]
    assert nets.actions()[-1] == "network connect"
    assert nets.events[-1].attributes == {"container": container_id, "name": "back", "type": "bridge"}
    assert list(nets.engine.networks.get("back").containers) == [container_id]
    assert nets.container("web") in (await nets.records.load()).containers


async def test_a_running_container_leaves_at_once(nets: World) -> None:
    container_id = await nets.run("web", host=on("front"))
    await connect(nets, "back", "web")
    await disconnect(nets, "front", "web")
    assert list(endpoints(nets, "web")) == ["back"]
    assert list(nets.networks.names[container_id]) == ["back"]
    assert [line.split()[0] for line in hosts(nets, container_id)] == ["172.17.4.2"]
    assert nets.actions()[-1] == "network disconnect"
    assert nets.engine.networks.get("front").containers == {}
    await nets.engine.networks.remove("front")
    await connect(nets, "bridge", "web")
    assert endpoints(nets, "web")["bridge"].interface == "eth0"  # free again


async def test_the_resolver_comes_with_the_first_network_of_the_users_and_goes_with_the_last(nets: World) -> None:
    container_id = await nets.run("web")
    assert nets.host.files[container_id]["resolv.conf"] == "nameserver 192.0.2.1\n"
    assert container_id not in nets.networks.servers
    await connect(nets, "front", "web")
    assert nets.host.files[container_id]["resolv.conf"] == "nameserver 127.0.0.11\noptions ndots:0\n"
    assert container_id in nets.networks.servers
    await disconnect(nets, "front", "web")
    assert nets.host.files[container_id]["resolv.conf"] == "nameserver 192.0.2.1\n"
    assert container_id not in nets.networks.servers


async def test_a_stopped_container_changes_on_paper(nets: World) -> None:
    container_id = await nets.create("web", host=on("front"))
    await connect(nets, "back", "web", aliases=("www",))
    await connect(nets, "back", "web", aliases=("again",))
    assert endpoints(nets, "web")["back"].request.aliases == ("again",)
    assert (nets.networks.attached, nets.actions()) == ({}, ["create"])
    await disconnect(nets, "front", "web")
    assert nets.actions() == ["create"]
    await nets.engine.containers.start("web")
    assert list(endpoints(nets, "web")) == ["back"]
    assert nets.networks.names[container_id] == {"back": ("web", "again", container_id[:12])}


async def test_a_stopped_container_leaves_a_network_that_is_no_more(nets: World) -> None:
    await nets.create("web", host=on("front"))
    await nets.engine.networks.remove("front")
    await disconnect(nets, "front", "web")
    assert endpoints(nets, "web") == {}
    with pytest.raises(PierError, match="is not connected to the network front"):
        await disconnect(nets, "front", "web")


@pytest.mark.parametrize("network", ["bridge", "host", "none"])
async def test_an_alias_on_a_network_that_has_none_is_refused_before_what_else_is_wrong(
    nets: World, network: str
) -> None:
    await nets.run("web", host=on("none"))
    with pytest.raises(InvalidArgument, match="network-scoped alias is supported only for containers in user defined"):
        await connect(nets, network, "web", aliases=("www",))


async def test_a_container_taken_off_all_networks_stays_off_them(nets: World) -> None:
    await nets.run("web", host=on("front"))
    await disconnect(nets, "front", "web")
    assert endpoints(nets, "web") == {}
    await nets.engine.containers.restart("web")
    assert endpoints(nets, "web") == {}
    await connect(nets, "back", "web")
    assert list(endpoints(nets, "web")) == ["back"]


async def test_joining_twice_and_leaving_what_one_is_not_on(nets: World) -> None:
    await nets.run("web", host=on("front"))
    with pytest.raises(PermissionDenied, match="endpoint with name web already exists in network front"):
        await connect(nets, "front", "web")
    for _ in range(2):
        with pytest.raises(PierError, match="is not connected to network back") as raised:
            await disconnect(nets, "back", "web")
        assert type(raised.value) is PierError
    for call in (connect, disconnect):
        with pytest.raises(NotFound, match="network nope not found"):
            await call(nets, "nope", "web")
        with pytest.raises(NotFound, match="No such container: nope"):
            await call(nets, "front", "nope")


@pytest.mark.parametrize(
    ("mode", "network", "reason"),
    [
        ("front", "host", "cannot connect container to host network"),
        ("front", "none", r"private \(none\) mode"),
        ("none", "front", r"private \(none\) mode"),
        ("host", "front", "sharing network namespace"),
    ],
)
async def test_modes_that_cannot_be_mixed(nets: World, mode: str, network: str, reason: str) -> None:
    await nets.run("web", host=on(mode))
    with pytest.raises(InvalidArgument, match=reason):
        await connect(nets, network, "web")
    await nets.create("idle", host=on(mode))
    with pytest.raises(InvalidArgument, match=reason):
        await connect(nets, network, "idle")


async def test_shared_and_host_namespaces_stay_as_they_are(nets: World) -> None:
    await nets.run("web", host=on("host"))
    with pytest.raises(InvalidArgument, match="cannot disconnect container from host network"):
        await disconnect(nets, "host", "web")
    await nets.run("other")
    await nets.run("sharing", host=on("container:other"))
    with pytest.raises(InvalidArgument, match="sharing network namespace"):
        await connect(nets, "front", "sharing")


async def test_none_may_be_left_for_another(nets: World) -> None:
    await nets.run("web", host=on("none"))
    await disconnect(nets, "none", "web")
    await connect(nets, "front", "web")
    assert endpoints(nets, "web")["front"].interface == "eth0"


@pytest.mark.parametrize("request_", [{"aliases": ("x",)}, {"ipv4_address": "172.17.0.9"}])
async def test_the_default_bridge_gives_no_names_and_no_fixed_addresses(
    nets: World, request_: dict[str, object]
) -> None:
    await nets.run("web", host=on("front"))
    with pytest.raises(InvalidArgument, match=r"user.defined"):
        await connect(nets, "bridge", "web", **request_)


async def test_links_are_kept_with_the_endpoint(nets: World) -> None:
    await nets.run("web", host=on("front"))
    await connect(nets, "back", "web", links=("a:b",))
    assert nets.container("web").endpoints["back"].request.links == ("a:b",)


@pytest.mark.parametrize("status", [Status.REMOVING, Status.DEAD])
async def test_what_is_being_removed_changes_no_more(nets: World, status: Status) -> None:
    await nets.create("web", host=on("front"))
    container = nets.container("web")
    await nets.context.memory.commit(Put(replace(container, state=replace(container.state, status=status))))
    for call, network in ((connect, "back"), (disconnect, "front")):
        with pytest.raises(Conflict, match="marked for removal"):
            await call(nets, network, "web")


@pytest.mark.parametrize("step", ["connect", "publish", "serve_names"])
async def test_a_join_that_fails_leaves_all_as_it_was(nets: World, step: str) -> None:
    host = on("front", port_bindings={"80/tcp": (PortBinding(host_port="8080"),)})
    await nets.engine.networks.create(CreateNetwork(name="inner", internal=True))
    container_id = await nets.run("web", host=replace(host, network_mode="inner"), exposed_ports=("80/tcp",))
    before, attached = nets.container("web"), dict(nets.networks.attached)
    nets.networks.fail[step] = PierError("no")
    with pytest.raises(PierError, match="no"):
        await connect(nets, "front", "web")
    del nets.networks.fail[step]
    assert nets.container("web") == before
    assert nets.networks.attached == attached
    await connect(nets, "front", "web")
    assert endpoints(nets, "web")["front"].published
    assert list(nets.networks.names[container_id]) == ["inner", "front"]


async def test_ports_move_with_the_default_route(nets: World) -> None:
    host = on("front", port_bindings={"80/tcp": (PortBinding(),)})
    await nets.run("web", host=host, exposed_ports=("80/tcp",))
    port = PublishedPort(port=80, protocol="tcp", host_ip="0.0.0.0", host_port=32768)
    assert endpoints(nets, "web")["front"].published == (port,)
    await connect(nets, "back", "web")
    assert [item.published for item in endpoints(nets, "web").values()] == [(port,), ()]
    await disconnect(nets, "front", "web")
    assert endpoints(nets, "web")["back"].published == (port,)
    await disconnect(nets, "back", "web")
    assert not any(nets.networks.published.values())


async def test_ports_that_cannot_move_are_lost_and_the_rest_goes_on(nets: World) -> None:
    host = on("front", port_bindings={"80/tcp": (PortBinding(),)})
    await nets.run("web", host=host, exposed_ports=("80/tcp",))
    await connect(nets, "back", "web")
    nets.networks.fail["publish"] = Conflict("taken")
    await disconnect(nets, "front", "web")
    assert [(name, item.published) for name, item in endpoints(nets, "web").items()] == [("back", ())]


async def test_a_client_that_hangs_up_does_not_leave_half_a_join(nets: World) -> None:
    await nets.run("web", host=on("front"))
    job = asyncio.ensure_future(connect(nets, "back", "web"))  # noqa: TID251  # cancelled below, as a client would
    await asyncio.sleep(0)
    job.cancel()
    await nets.until(lambda: "back" in endpoints(nets, "web"))
    assert nets.actions()[-1] == "network connect"


async def test_a_container_without_a_way_out_has_none_by_the_hosts_resolver(nets: World) -> None:
    nets.host.resolv_conf = "nameserver 127.0.0.53\nnameserver 192.0.2.1\n"
    await nets.engine.networks.create(CreateNetwork(name="inner", internal=True))
    container_id = await nets.run("web", host=on("inner"))
    assert [server.address for server in nets.networks.servers[container_id]] == ["192.0.2.1"]
    await connect(nets, "front", "web")
    assert [server.address for server in nets.networks.servers[container_id]] == ["127.0.0.53", "192.0.2.1"]
    await disconnect(nets, "front", "web")
    assert [server.address for server in nets.networks.servers[container_id]] == ["192.0.2.1"]


async def test_names_end_before_the_task_is_deleted(nets: World) -> None:
    container_id = await nets.run("web", host=on("front"))
    known: list[bool] = []
    delete = nets.containerd.tasks.delete

    async def watched(*args: str) -> object:
        known.append(bool(nets.networks.names.get(container_id)))
        return await delete(*args)

    nets.containerd.tasks.delete = watched  # type: ignore[method-assign, assignment]  # only looks on
    nets.end(container_id)
    await nets.ended("web")
    assert known == [False]


async def test_a_rename_changes_the_names(nets: World) -> None:
    container_id = await nets.run("web", host=on("front"))
    await nets.engine.containers.rename("web", "proxy")
    assert nets.networks.names[container_id]["front"] == ("proxy", container_id[:12])
    assert endpoints(nets, "proxy")["front"].dns_names == ("proxy", container_id[:12])


async def test_names_are_served_again_by_the_next_pierd(nets: World) -> None:
    running = await nets.run("web", host=on("front", dns=("192.0.2.9",)))
    lost = await nets.run("lost", host=on("front"))
    nets.networks.names.clear()
    del nets.networks.netns[lost]
    await nets.shut_down()
    await nets.boot()
    assert list(nets.networks.names[running]) == ["front"]
    assert [server.address for server in nets.networks.servers[running]] == ["192.0.2.9"]
