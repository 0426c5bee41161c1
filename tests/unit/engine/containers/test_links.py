"""Links of the default bridge: by id, under an alias, in /etc/hosts and in the environment."""

from typing import Any

import pytest
from fakes.world import World

from pier.domain.container import HostConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.network import EndpointRequest
from pier.engine.containers.links import parse_link
from pier.engine.networks import CreateNetwork


@pytest.mark.parametrize(
    ("text", "name", "alias"),
    [
        ("db", "db", "db"),
        ("db:data", "db", "data"),
        ("/db:/web/data", "db", "data"),
        ("x:", "x", ""),
        ("db:/data", "db", "data"),
    ],
)
def test_a_link_is_a_name_and_an_alias(text: str, name: str, alias: str) -> None:
    assert parse_link(text) == (name, alias)


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty string specified for links"), ("a:b:c", "bad format for links: a:b:c")]
)
def test_what_is_no_link(text: str, words: str) -> None:
    with pytest.raises(PierError, match=words):
        parse_link(text)


def environment(world: World, ref: str) -> dict[str, str]:
    spec = world.containerd.state.containers[world.container(ref).id].spec
    process = spec["process"]
    assert isinstance(process, dict)
    return dict(variable.partition("=")[::2] for variable in process["env"])


def hosts(world: World, ref: str) -> list[str]:
    return world.host.files[world.container(ref).id]["hosts"].splitlines()


async def test_the_other_is_in_hosts_and_environment(world: World) -> None:
    ports = ("5432/tcp", "99/udp", "80/tcp", "81/tcp")
    await world.run("db", hostname="dbhost", exposed_ports=ports, env=("A=1", "HOME=/x", "PATH=/y"))
    address = world.container("db").endpoints["bridge"].ipv4_address
    await world.run("web", host=HostConfig(links=("db", "db:my-data")), env=("DB_NAME=mine",))
    assert f"{address}\tdb dbhost" in hosts(world, "web")
    assert f"{address}\tmy-data dbhost db" in hosts(world, "web")
    found = {name: value for name, value in environment(world, "web").items() if name.startswith(("DB_", "MY_"))}
    assert found["DB_NAME"] == "mine"
    assert found["DB_PORT"] == f"tcp://{address}:80"
    mine = {name.removeprefix("MY_DATA_"): value for name, value in found.items() if name.startswith("MY_DATA_")}
    assert {name: value for name, value in mine.items() if "80" not in name and "81" not in name} == {
        "PORT": f"tcp://{address}:80",
        "PORT_5432_TCP": f"tcp://{address}:5432",
        "PORT_5432_TCP_ADDR": address,
        "PORT_5432_TCP_PORT": "5432",
        "PORT_5432_TCP_PROTO": "tcp",
        "PORT_99_UDP": f"udp://{address}:99",
        "PORT_99_UDP_ADDR": address,
        "PORT_99_UDP_PORT": "99",
        "PORT_99_UDP_PROTO": "udp",
        "NAME": "/web/my-data",
        "ENV_A": "1",
    }
    assert mine["PORT_80_TCP_START"] == f"tcp://{address}:80"
    assert mine["PORT_80_TCP_PORT_END"] == "81"


async def test_names_of_links_lead_to_the_other_and_follow_renaming(world: World) -> None:
    db = await world.run("db")
    await world.run("web", host=HostConfig(links=("db:data",)))
    assert world.container("web/data").id == db
    assert world.container("/web/data").id == db
    await world.engine.containers.rename("db", "store")
    await world.engine.containers.rename("web", "site")
    details = await world.engine.containers.inspect("site")
    assert details.links == ("/store:/site/data",)
    (listed,) = [one for one in await world.engine.containers.list() if one.container.id == db]
    assert listed.link_names == ("site/data",)
    with pytest.raises(NotFound):
        world.container("web/data")


async def test_a_start_needs_the_other_to_run_on_the_bridge(world: World) -> None:
    await world.create("db")
    await world.create("web", host=HostConfig(links=("db",)))
    with pytest.raises(PierError, match="Cannot link to a non running container: /db AS /web/db"):
        await world.engine.containers.start("web")
    await world.run("alone", host=HostConfig(network_mode="none"))
    await world.create("other", host=HostConfig(links=("alone:a",)))
    with pytest.raises(PierError, match="not attached to default bridge network"):
        await world.engine.containers.start("other")
    await world.run("quiet", host=HostConfig(network_mode="none", links=("db",)))


async def test_a_new_address_of_the_other_is_told(world: World) -> None:
    await world.run("db")
    await world.run("web", host=HostConfig(links=("db",)))
    before = world.container("db").endpoints["bridge"].ipv4_address
    await world.engine.containers.stop("db")
    await world.run("between")
    await world.engine.containers.start("db")
    after = world.container("db").endpoints["bridge"].ipv4_address
    assert after != before
    lines = [line for line in hosts(world, "web") if "\tdb" in line]
    assert [line.split()[0] for line in lines] == [after]


async def test_a_link_is_removed_by_its_name(world: World) -> None:
    await world.run("db")
    await world.run("web", host=HostConfig(links=("db:one", "db:two")))
    await world.engine.containers.remove("/web/one", link=True)
    assert [link.alias for link in world.container("web").links] == ["two"]
    assert not [line for line in hosts(world, "web") if "\tone" in line]
    assert [line for line in hosts(world, "web") if "\ttwo" in line]
    with pytest.raises(NotFound, match="No such container: web/one"):
        await world.engine.containers.remove("web/one", link=True)
    with pytest.raises(PierError, match="cannot remove the default link name"):
        await world.engine.containers.remove("web", link=True)
    assert world.container("db").state.is_running


async def test_the_other_may_go_for_good(world: World) -> None:
    await world.run("db")
    await world.create("web", host=HostConfig(links=("db",)))
    await world.engine.containers.remove("db", force=True)
    await world.engine.containers.start("web")
    assert (await world.engine.containers.inspect("web")).links == ()


@pytest.mark.parametrize(
    ("mode", "links", "words"),
    [
        ("bridge", ("nope:x",), "could not get container for nope: No such container: nope"),
        ("bridge", (":x",), "could not get container for : invalid name"),
        ("host", ("db",), "host type networking can't be used with links"),
        ("container:gone", ("db",), "container type network can't be used with links"),
        ("bridge", ("onhost",), "host type networking can't be used with links"),
    ],
)
async def test_what_cannot_be_linked(world: World, mode: str, links: tuple[str, ...], words: str) -> None:
    await world.run("db")
    await world.run("onhost", host=HostConfig(network_mode="host"))
    with pytest.raises(InvalidArgument, match=words):
        await world.create("web", host=HostConfig(network_mode=mode, links=links))


async def test_the_first_of_an_alias_counts_and_a_joined_network_is_its_owners(world: World) -> None:
    db = await world.run("db")
    await world.run("other")
    await world.run("beside", host=HostConfig(network_mode="container:db"))
    await world.create("web", host=HostConfig(links=("beside:x", "other:x")))
    assert [(link.container_id, link.alias) for link in world.container("web").links] == [(db, "x")]


async def test_on_a_network_of_the_users_links_are_the_endpoints(world: World) -> None:
    await world.engine.networks.create(CreateNetwork(name="front"))
    endpoints = {"front": EndpointRequest(links=("db:data",))}
    await world.create("web", host=HostConfig(network_mode="front", links=("gone:x",)), endpoints=endpoints)
    assert world.container("web").links == ()
    assert world.container("web").endpoints["front"].request.links == ("db:data",)
    with pytest.raises(InvalidArgument, match="links are for bridge networks"):
        await world.create(
            "other", host=HostConfig(network_mode="none"), endpoints={"none": EndpointRequest(links=("web:x",))}
        )
    with pytest.raises(Conflict):
        await world.create("web")


def reachable(world: World, ref: str) -> list[tuple[str, int, str]]:
    """What its links open to a container, where icc is off."""
    links = world.networks.links.get(world.container(ref).endpoints["bridge"].ipv4_address, ())
    return [(link.address, link.port, link.protocol) for link in links]


async def test_the_exposed_ports_of_who_is_linked_are_opened_and_closed(world: World) -> None:
    await world.run("db", exposed_ports=("5432/tcp", "99/udp"))
    first = world.container("db").endpoints["bridge"].ipv4_address
    await world.run("web", host=HostConfig(links=("db:one", "db:two")))
    assert set(reachable(world, "web")) == {(first, 5432, "tcp"), (first, 99, "udp")}
    await world.engine.containers.stop("db")
    assert reachable(world, "web") == []
    await world.run("between")
    await world.engine.containers.start("db")
    second = world.container("db").endpoints["bridge"].ipv4_address
    assert set(reachable(world, "web")) == {(second, 5432, "tcp"), (second, 99, "udp")}
    await world.restart()
    assert set(reachable(world, "web")) == {(second, 5432, "tcp"), (second, 99, "udp")}
    await world.engine.containers.remove("/web/one", link=True)
    await world.engine.containers.remove("/web/two", link=True)
    assert reachable(world, "web") == []


async def test_links_of_an_endpoint_on_the_bridge_are_the_containers(world: World) -> None:
    await world.run("db", exposed_ports=("80/tcp",))
    address = world.container("db").endpoints["bridge"].ipv4_address
    await world.run("asked", endpoints={"bridge": EndpointRequest(links=("db:first",))})
    assert f"{address}\tfirst {world.container('db').config.hostname} db" in hosts(world, "asked")
    await world.engine.networks.create(CreateNetwork(name="front"))
    await world.run("late", host=HostConfig(network_mode="front"))
    await world.engine.networks.connect("bridge", "late", EndpointRequest(links=("db:data",)))
    assert [link.alias for link in world.container("late").links] == ["data"]
    assert f"{address}\tdata {world.container('db').config.hostname} db" in hosts(world, "late")
    assert reachable(world, "late") == [(address, 80, "tcp")]
    await world.create("third", host=HostConfig(network_mode="front"))
    with pytest.raises(InvalidArgument, match="could not get container for gone"):
        await world.engine.networks.connect("bridge", "third", EndpointRequest(links=("gone",)))


async def test_who_comes_back_to_the_bridge_knows_and_is_known(world: World) -> None:
    await world.run("db", exposed_ports=("80/tcp",))
    await world.run("web", host=HostConfig(links=("db:data",)))
    await world.engine.networks.create(CreateNetwork(name="front"))
    for name in ("db", "web"):
        await world.engine.networks.connect("front", name, EndpointRequest())
    for name in ("db", "web"):
        await world.engine.networks.disconnect("bridge", name)
    await world.run("between")
    for name in ("web", "db"):
        await world.engine.networks.connect("bridge", name, EndpointRequest())
    address = world.container("db").endpoints["bridge"].ipv4_address
    assert [line.split()[0] for line in hosts(world, "web") if "\tdata" in line] == [address]
    assert reachable(world, "web") == [(address, 80, "tcp")]


async def test_a_start_does_not_fail_for_those_that_link_to_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.run("db")
    await world.run("web", host=HostConfig(links=("db",)))
    await world.engine.containers.stop("db")

    async def fail(*_: object, **__: object) -> None:
        raise PierError("no space")

    world.host.change_hosts = fail  # type: ignore[method-assign]  # a disk that is full
    await world.engine.containers.start("db")
    assert world.container("db").state.is_running
    assert "does not hear where its link is: no space" in caplog.text


async def test_who_has_ended_while_another_one_was_told_gets_no_way_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address may be somebody else's by then."""
    await world.run("db", exposed_ports=("80/tcp",))
    for name in ("one", "two"):
        await world.run(name, host=HostConfig(links=("db",)))
    await world.engine.containers.stop("db")
    gone = world.container("two").endpoints["bridge"].ipv4_address
    change_hosts, told = world.host.change_hosts, list[str]()

    async def slow(container_id: str, **changes: Any) -> None:
        told.append(container_id)
        if len(told) == 1:
            await world.engine.containers.stop("two")
        await change_hosts(container_id, **changes)

    monkeypatch.setattr(world.host, "change_hosts", slow)
    await world.engine.containers.start("db")
    assert told == [world.container("one").id]
    assert gone not in world.networks.links
