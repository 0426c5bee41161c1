"""ps: who is shown, in which order, under which image name."""

from dataclasses import replace

import pytest
from fakes.world import BUSYBOX, World
from support.images import Node, TestImage

from pier.domain.container import Healthcheck, HostConfig
from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.filters import Filters
from pier.domain.image import HistoryEntry
from pier.domain.network import PortBinding
from pier.engine.containers.listing import _is_built_from
from pier.engine.networks import CreateNetwork

CHILD = TestImage([*BUSYBOX.layers, {"more": Node(b"more")}], {"Cmd": ["sh"]})
STRANGER = TestImage([{"other": Node(b"other")}], {"Cmd": ["sh"]})


async def names(world: World, **filters: str | tuple[str, ...]) -> list[str]:
    chosen = {key.replace("_", "-"): (value,) if isinstance(value, str) else value for key, value in filters.items()}
    summaries = await world.engine.containers.list(all=True, filters=Filters(chosen))
    return [summary.container.name for summary in summaries]


async def test_only_what_runs_newest_first(world: World) -> None:
    await world.create("new")
    await world.run("one")
    await world.run("two")
    await world.engine.containers.pause("two")
    shown = await world.engine.containers.list()
    assert [summary.container.name for summary in shown] == ["two", "one"]
    assert await names(world) == ["two", "one", "new"]


async def test_a_limit_and_a_status_show_stopped_ones_too(world: World) -> None:
    for name in ("one", "two", "six"):
        await world.create(name)
    listed = world.engine.containers.list
    assert [item.container.name for item in await listed(limit=2)] == ["six", "two"]
    assert len(await listed(filters=Filters({"status": ("created",)}))) == 3
    assert await listed(filters=Filters({"since": ("one",)})) == []
    assert await listed(filters=Filters({"name": ("one",)})) == []


async def test_by_name_id_and_label(world: World) -> None:
    web = await world.create("web-1", labels={"app": "shop", "tier": "front"})
    await world.create("web-2", labels={"app": "shop"})
    await world.create("db")
    assert await names(world, name="web") == ["web-2", "web-1"]
    assert await names(world, name="^/web-1$") == ["web-1"]
    assert await names(world, name=("^db$", "1$")) == ["db", "web-1"]
    assert await names(world, name=("*", "(")) == []
    assert await names(world, id=web[:6]) == ["web-1"]
    assert await names(world, label="app") == ["web-2", "web-1"]
    assert await names(world, label=("app=shop", "tier=front")) == ["web-1"]
    assert await names(world, name="web", label="tier") == ["web-1"]


async def test_by_state_exit_code_and_health(world: World) -> None:
    ended = await world.run("ended")
    await world.run("sick", healthcheck=Healthcheck(test=("CMD", "x"), interval=10**12))
    world.end(ended, 3)
    await world.ended("ended")
    assert await names(world, status="exited") == ["ended"]
    assert await names(world, exited="3") == ["ended"]
    assert await names(world, exited="0") == []
    assert await names(world, health="starting") == ["sick"]
    assert await names(world, health="none") == ["ended"]
    assert await names(world, is_task="true") == []
    assert await names(world, is_task="false") == ["sick", "ended"]


async def test_by_age(world: World) -> None:
    for name in ("one", "two", "six"):
        await world.create(name)
    assert await names(world, before="two") == ["one"]
    assert await names(world, since="two") == ["six"]
    with pytest.raises(NotFound):
        await names(world, since="gone")


async def test_a_name_that_no_image_can_have_is_nobodys_ancestor(world: World) -> None:
    await world.create("one")
    assert await names(world, ancestor="UPPER") == []
    assert await names(world, ancestor=("UPPER", "busybox")) == ["one"]


async def test_by_ancestor_also_through_a_child_image(world: World) -> None:
    await world.load("child:1", CHILD)
    await world.load("stranger:1", STRANGER)
    await world.create("one")
    await world.create("two", image="child:1")
    await world.create("six", image="stranger:1")
    assert await names(world, ancestor="busybox") == ["two", "one"]
    assert await names(world, ancestor="child:1") == ["two"]
    assert await names(world, ancestor="gone") == []


async def test_an_image_with_the_same_layers_is_no_ancestor(world: World) -> None:
    await world.load("sibling:1", TestImage(BUSYBOX.layers, {"Cmd": ["ls"]}))
    await world.create("one")
    await world.create("two", image="sibling:1")
    assert await names(world, ancestor="busybox") == ["one"]
    assert await names(world, ancestor="sibling:1") == ["two"]


async def test_a_child_may_differ_in_its_config_alone(world: World) -> None:
    image = await world.engine.images.get("busybox")
    step = HistoryEntry(created_by="LABEL a=b", empty_layer=True)
    child = replace(image, id="sha256:" + "1" * 64, history=(*image.history, step))
    assert _is_built_from(child, image)
    assert not _is_built_from(image, child)
    nothing_known = replace(image, history=())
    assert not _is_built_from(child, nothing_known)  # as many layers
    assert _is_built_from(replace(child, diff_ids=(*child.diff_ids, "sha256:x")), nothing_known)


async def test_by_network_volume_and_port(world: World) -> None:
    network_id, _ = await world.engine.networks.create(CreateNetwork(name="mine"))
    ports = {"80/tcp": (PortBinding(host_port="8000"),)}
    await world.run(
        "web",
        host=HostConfig(network_mode="mine", binds=("data:/d", "/srv/site:/site"), port_bindings=ports),
        exposed_ports=("53/udp", "80/tcp"),
    )
    await world.run("other")
    await world.create("down", exposed_ports=("53/udp", "80/tcp"))
    for key, value in (
        ("network", "mine"),
        ("network", network_id[:8]),
        ("volume", "data"),
        ("volume", "/d"),
        ("volume", "/srv/site"),
        ("volume", "/site"),
        ("publish", "8000"),
        ("publish", "7990-8010/tcp"),
        ("expose", "53/udp"),
        ("expose", "80"),
    ):
        assert await names(world, **{key: value}) == ["web"], (key, value)
    assert await names(world, expose="53") == []
    assert await names(world, publish="80") == []  # the container's side
    assert await names(world, publish="80", expose="80") == ["web"]  # either will do
    assert await names(world, volume="data", publish="80", expose="81") == []


@pytest.mark.parametrize(
    "filters",
    [{"nope": "1"}, {"status": "odd"}, {"health": "odd"}, {"exited": "x"}, {"is-task": "x"}, {"publish": "http"}],
)
async def test_filters_that_cannot_be_right(world: World, filters: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        await names(world, **filters)


async def test_a_name_that_leads_elsewhere_gives_way_to_the_id(world: World) -> None:
    await world.create("web")
    image_id = world.container("web").image_id
    (shown,) = await world.engine.containers.list(all=True)
    assert shown.image_ref == "busybox"
    await world.load("busybox:latest", STRANGER)
    (shown,) = await world.engine.containers.list(all=True)
    assert shown.image_ref == image_id


async def test_sizes_on_demand(world: World) -> None:
    container_id = await world.create("web")
    world.containerd.snapshots.write_file(container_id, "f", b"123")
    (plain,) = await world.engine.containers.list(all=True)
    (sized,) = await world.engine.containers.list(all=True, size=True)
    assert (plain.size_rw, sized.size_rw) == (None, 3)
