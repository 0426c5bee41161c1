"""What `network explain` says, over a whole engine; what the kernel has is the fake's."""

from dataclasses import replace

import pytest
from fakes.world import World

from pier.domain.container import HostConfig
from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.network import EndpointFacts, Listener, PortBinding, PortFacts
from pier.engine.networks import CreateNetwork

HTTPD = Listener(protocol="tcp", address="0.0.0.0", port=80, owner="httpd (7)")


async def lines(world: World, ref: str, port: str = "") -> list[str]:
    return [f"{'!' if step.wrong else ' '} {step.text}" for step in await world.engine.explanation.explain(ref, port)]


async def wrong(world: World, ref: str, port: str = "") -> list[str]:
    return [line[2:] for line in await lines(world, ref, port) if line.startswith("!")]


async def run_web(world: World, **more: object) -> str:
    host = HostConfig(port_bindings={"80/tcp": (PortBinding(host_port="8080"),)})
    world.host.listening = [HTTPD]
    return await world.run("web", host=host, exposed_ports=("80/tcp",), **more)


async def test_the_whole_way_of_a_packet(world: World) -> None:
    container_id = await run_web(world)
    endpoint = world.container("web").endpoints["bridge"]
    assert await lines(world, "web") == [
        f"  container web ({container_id[:12]}) runs as process {world.container('web').state.pid}",
        f"  network bridge: bridge pier0; the container is {endpoint.ipv4_address} there",
        f"  inside, eth0 is up with {endpoint.ipv4_address}",
        f"  its way out is {endpoint.gateway}",
        f"  0.0.0.0:8080/tcp leads to {endpoint.ipv4_address}:80 by a packet rule; 2 connections tracked now",
        "  httpd (7) listens on 0.0.0.0:80/tcp",
    ]
    assert await lines(world, "web", "80") == await lines(world, "web", "80/tcp")


async def test_nobody_or_loopback_alone_listens(world: World) -> None:
    await run_web(world)
    world.host.listening = []
    assert await wrong(world, "web") == [
        "nothing listens on 80/tcp in the container: see its log, and which port it uses"
    ]
    world.host.listening = [replace(HTTPD, address="127.0.0.1")]
    (said,) = await wrong(world, "web")
    assert "its own loopback only: make it listen on 0.0.0.0" in said


async def test_ports_that_are_not_published(world: World) -> None:
    await run_web(world)
    said = await lines(world, "web", "81")
    assert any("port 81/tcp is not published" in line for line in said)
    host = HostConfig(port_bindings={"90/tcp": (PortBinding(host_port="9090"),)})
    await world.run("hidden", host=host)
    assert "port 90/tcp has a binding and is not published: it is not among the exposed ports (ExposedPorts)" in (
        await wrong(world, "hidden")
    )


async def test_what_the_kernel_lacks_is_told(world: World) -> None:
    container_id = await run_web(world)
    endpoint = world.container("web").endpoints["bridge"]
    key = container_id, endpoint.network_id
    (published,) = endpoint.published
    world.networks.facts[key] = EndpointFacts(
        parent="pier0",
        link="astray",
        inside=("10.0.0.1",),
        ports=(PortFacts(published=published),),
        accepts=("ip f F",),
    )
    said = await wrong(world, "web")
    assert any("pier0 is down or gone" in line for line in said)
    assert any("is not on pier0" in line for line in said)
    assert any("has lost its address" in line for line in said)
    assert any("no rule of Pier's table leads on" in line for line in said)
    assert any("chain ip f F of another firewall" in line for line in await lines(world, "web"))
    world.networks.facts[key] = EndpointFacts(parent="pier0", parent_up=True, link="", inside=None)
    said = await wrong(world, "web")
    assert any("is gone: reconnect" in line for line in said)
    assert any("inside there is no interface eth0" in line for line in said)


async def test_other_modes_and_states(world: World) -> None:
    await world.create("idle")
    assert "is created: it has no address" in (await wrong(world, "idle"))[0]
    await world.run("onhost", host=HostConfig(network_mode="host"))
    assert any("shares the host's network" in line for line in await lines(world, "onhost"))
    await world.run("alone", host=HostConfig(network_mode="none"))
    assert "it is on no network: it has its loopback only" in await wrong(world, "alone")
    await world.run("beside", host=HostConfig(network_mode="container:alone"))
    assert any("shares the network of container" in line for line in await lines(world, "beside"))
    await world.engine.networks.create(CreateNetwork(name="inner", internal=True))
    await world.run("kept", host=HostConfig(network_mode="inner"))
    assert any("inner is internal" in line for line in await lines(world, "kept"))
    with pytest.raises(NotFound):
        await lines(world, "nosuch")
    with pytest.raises(InvalidArgument):
        await lines(world, "kept", "http")
