"""create: a name, a layer, volumes and networks, or nothing at all."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.world import World

from pier.domain.container import Config, HostConfig, LogConfig, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError, Unavailable, Unsupported
from pier.domain.image import Platform
from pier.domain.mount import MountRequest
from pier.domain.network import EndpointRequest, PortBinding
from pier.domain.resources import Resources, Ulimit
from pier.domain.volume import ANONYMOUS_LABEL
from pier.engine.containers.create import CreateRequest
from pier.engine.containers.init_layer import key_of
from pier.engine.networks import CreateNetwork


def is_directory(path: str) -> bool:
    return Path(path).is_dir()


def writable_layers(world: World) -> list[str]:
    return [key for key, snapshot in world.containerd.state.snapshots.items() if snapshot.kind != "committed"]


async def refuse(world: World, error: type[PierError], words: str, *args: str, **request: object) -> None:
    """The create fails, and nothing of it is left."""
    volumes = set(world.context.memory.volumes)
    with pytest.raises(error, match=words):
        await world.create(*args, **request)
    assert not world.context.memory.containers
    assert not writable_layers(world)
    assert set(world.context.memory.volumes) == volumes
    assert not world.records.intents
    assert not world.context.live.names
    assert "create" not in world.actions()


async def test_a_container_has_a_layer_on_the_image_that_garbage_collection_keeps(world: World) -> None:
    container_id = await world.create("web", "sleep", "7")
    container = world.container("web")
    world.containerd.state.collect()
    image = await world.engine.images.get("busybox")
    assert world.containerd.state.snapshots[container_id].parent == key_of(image)
    assert (container.image_ref, container.image_id) == ("busybox", image.id)
    assert (container.path, container.args) == ("sleep", ("7",))
    assert container.state.status is Status.CREATED
    assert container.config.hostname == container_id[:12]
    assert world.actions() == ["create"]
    assert not world.records.intents


async def test_it_survives_a_power_cut(world: World) -> None:
    await world.create("web")
    assert world.container("web") in [getattr(change, "value", None) for change in world.records.durable]


async def test_what_was_left_open_is_filled_in(world: World) -> None:
    host = HostConfig(
        network_mode="default", runtime="", log_config=LogConfig(driver=""), resources=Resources(memory=64 << 20)
    )
    await world.create("web", host=host)
    made = world.container("web").host_config
    assert (made.network_mode, made.runtime, made.log_config.driver) == ("bridge", "runc", "json-file")
    assert (made.cgroupns_mode, made.ipc_mode, made.shm_size) == ("host", "private", 64 << 20)
    assert made.resources.memory_swap == 128 << 20
    assert made.resources.oom_kill_disable is False
    assert made.masked_paths
    assert "/proc/kcore" in made.masked_paths


async def test_privileged_masks_nothing_and_no_limit_of_pids_is_none(world: World) -> None:
    await world.create("web", host=HostConfig(privileged=True, resources=Resources(pids_limit=0)))
    made = world.container("web").host_config
    assert (made.masked_paths, made.readonly_paths, made.resources.pids_limit) == ((), (), None)


async def test_without_a_name_one_is_made_up(world: World) -> None:
    one, two = await world.create(), await world.create()
    assert world.container(one).name
    assert world.container(one).name != world.container(two).name


async def test_a_leading_slash_is_no_part_of_a_name(world: World) -> None:
    await world.create("/web")
    assert world.container("web").name == "web"


async def test_a_name_in_use_names_its_holder(world: World) -> None:
    holder = await world.create("web")
    with pytest.raises(Conflict, match=f'"/web" is already in use by container "{holder}"'):
        await world.create("web")


async def test_of_creates_with_one_name_exactly_one_wins(world: World) -> None:
    results = await asyncio.gather(*(world.create("web") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 4
    assert len(writable_layers(world)) == 1


async def test_a_name_is_free_again_after_a_create_that_failed(world: World) -> None:
    world.containerd.state.failures["snapshots.prepare"] = PierError("disk full")
    await refuse(world, PierError, "disk full", "web")
    await world.create("web")


async def test_a_client_that_hangs_up_leaves_a_whole_container(world: World) -> None:
    world.containerd.state.gates["snapshots.prepare"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(world.create("web"))
        await world.until(lambda: world.calls("snapshots.prepare"))
        client.cancel()
    gate.set()
    await world.until(lambda: world.context.memory.containers)
    assert world.container("web").state.status is Status.CREATED


async def test_what_cannot_be_recorded_is_undone(world: World) -> None:
    real = world.records.commit

    async def refuse_containers(changes: object, *, durable: bool = False, **more: object) -> None:
        if durable:
            raise PierError("database is full")
        await real(changes, durable=durable, **more)  # type: ignore[arg-type]  # handed on

    world.records.commit = refuse_containers  # type: ignore[method-assign]
    with pytest.raises(PierError, match="database is full"):
        await world.create("web")
    assert not world.context.memory.containers
    assert not writable_layers(world)
    assert not world.records.intents


async def test_no_image_no_container(world: World) -> None:
    await refuse(world, NotFound, "No such image: nosuch:latest", "web", image="nosuch")


async def test_a_network_may_be_made_between_create_and_start(world: World) -> None:
    """A client that hears 404 from create takes the image for missing, and pulls it."""
    asked = {"later": EndpointRequest(aliases=("a",))}
    await world.create("web", host=HostConfig(network_mode="later"), endpoints=asked)
    planned = world.container("web").endpoints["later"]
    assert (planned.network_id, planned.dns_names) == ("", ())
    with pytest.raises(NotFound, match="failed to set up container networking: network later not found"):
        await world.engine.containers.start("web")
    network_id, _ = await world.engine.networks.create(CreateNetwork(name="later"))
    await world.engine.containers.start("web")
    joined = world.container("web").endpoints
    assert set(joined) == {"later"}
    assert (joined["later"].network_id, joined["later"].dns_names[:2]) == (network_id, ("web", "a"))


async def test_an_image_of_another_platform_is_not_what_was_asked_for(world: World) -> None:
    request = CreateRequest(config=Config(image="busybox"), platform=Platform(architecture="s390x"))
    with pytest.raises(NotFound, match="does not match the specified platform"):
        await world.engine.containers.create(request)


async def test_while_containerd_is_away(world: World) -> None:
    world.containerd.stop()
    with pytest.raises(Unavailable):
        await world.create("web")
    world.containerd.start()
    await world.create("web")


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        ({"working_dir": "rel"}, InvalidArgument, "working directory"),
        ({"host": HostConfig(log_config=LogConfig(driver="nosuch"))}, InvalidArgument, "no log driver named 'nosuch'"),
        ({"host": HostConfig(uts_mode="host"), "hostname": "h"}, InvalidArgument, "hostname and the UTS mode"),
        ({"host": HostConfig(tmpfs={"/t": "size=1m,foo=2"})}, InvalidArgument, 'invalid tmpfs option "foo"'),
        ({"host": HostConfig(tmpfs={"/t": "size"})}, InvalidArgument, 'invalid tmpfs option "size"'),
        ({"host": HostConfig(ipc_mode="container:nosuch")}, InvalidArgument, "No such container"),
        ({"host": HostConfig(pid_mode="container:nosuch")}, InvalidArgument, "No such container"),
        ({"host": HostConfig(volumes_from=("nosuch",))}, InvalidArgument, "No such container: nosuch"),
        ({"host": HostConfig(binds=("vol:/a", "vol:/a"))}, InvalidArgument, "Duplicate mount point"),
        (
            {"host": HostConfig(mounts=(MountRequest(type="bind", source="/no", target="/a"),))},
            InvalidArgument,
            "bind source path does not exist: /no",
        ),
        (
            {"host": HostConfig(mounts=(MountRequest(type="volume", source="vol", target="/a", subpath="../s"),))},
            InvalidArgument,
            "subpath must be a relative path within the volume",
        ),
        (
            {"host": HostConfig(mounts=(MountRequest(type="image", source="nosuch", target="/a"),))},
            NotFound,
            "nosuch",
        ),
        ({"host": HostConfig(binds=("vol:/a",), volume_driver="nosuch")}, NotFound, "volume plugin nosuch"),
        ({"endpoints": {"bridge": EndpointRequest(aliases=("a",))}}, InvalidArgument, "network-scoped alias"),
        ({"endpoints": {"bridge": EndpointRequest(ipv4_address="172.17.0.9")}}, InvalidArgument, "IP address"),
        ({"endpoints": {"bridge": EndpointRequest(link_local_ips=("10.1.1.1",))}}, InvalidArgument, "link local"),
        ({"endpoints": {"bridge": EndpointRequest(link_local_ips=("x",))}}, InvalidArgument, "link-local"),
        ({"endpoints": {"bridge": EndpointRequest(link_local_ips=("fe80::1",))}}, InvalidArgument, "no IPv6"),
        ({"endpoints": {"bridge": EndpointRequest(links=("a:b",))}}, InvalidArgument, "could not get container for a"),
        (
            {"host": HostConfig(network_mode="host"), "endpoints": {"bridge": EndpointRequest()}},
            InvalidArgument,
            "host or none",
        ),
    ],
)
async def test_what_cannot_be_leaves_nothing(
    world: World, request_: dict[str, object], error: type[PierError], words: str
) -> None:
    await refuse(world, error, words, "web", **request_)


@pytest.mark.parametrize("name", ["x", "-web", "we b", "web/"])
async def test_names_that_are_none(world: World, name: str) -> None:
    await refuse(world, InvalidArgument, "Invalid container name", name)


# -- volumes ----------------------------------------------------------------------------------------------------------


async def test_volumes_are_made_and_filled_from_the_image(world: World) -> None:
    await world.create("web", host=HostConfig(binds=("data:/d",)), volumes=("/anon",))
    points = {point.destination: point for point in world.container("web").mount_points}
    named, anonymous = points["/d"], points["/anon"]
    assert (named.name, named.source, named.anonymous) == ("data", str(world.data_root / "volumes/data/_data"), False)
    assert is_directory(named.source)
    assert anonymous.anonymous
    assert ANONYMOUS_LABEL in world.engine.volumes.get(anonymous.name).labels
    assert sorted(path for path, _ in world.host.copied) == ["/anon", "/d"]
    assert world.actions() == ["volume create", "volume create", "create"]


async def test_a_volume_with_content_is_not_filled_again(world: World) -> None:
    volume = await world.engine.volumes.create("data")
    (Path(volume.mountpoint) / "f").touch()
    await world.create("web", host=HostConfig(binds=("data:/d",)))
    await world.create("two", host=HostConfig(binds=("new:/d:nocopy",)))
    assert world.host.copied == []


async def test_volumes_made_for_a_create_that_failed_are_gone(world: World) -> None:
    kept = await world.engine.volumes.create("kept")

    async def no_copy(rootfs: object, path: str, destination: str) -> None:
        raise PierError("no space left on device")

    world.host.copy_up = no_copy  # type: ignore[method-assign]
    await refuse(world, PierError, "no space", "web", host=HostConfig(binds=("kept:/a:nocopy", "data:/d")))
    assert is_directory(kept.mountpoint)
    assert not (world.data_root / "volumes" / "data").exists()


async def test_labels_of_a_mount_request_reach_the_volume(world: World) -> None:
    request = MountRequest(type="volume", source="data", target="/d", volume_labels={"k": "v"})
    await world.create("web", host=HostConfig(mounts=(request,)))
    assert world.engine.volumes.get("data").labels == {"k": "v"}


async def test_volumes_from_shares_them(world: World) -> None:
    await world.create("one", volumes=("/v",))
    await world.create("two", host=HostConfig(volumes_from=("one:ro",)))
    (one,), (two,) = world.container("one").mount_points, world.container("two").mount_points
    assert (two.name, two.source, two.writable) == (one.name, one.source, False)


# -- networks ---------------------------------------------------------------------------------------------------------


async def test_a_named_mode_takes_its_own_request_and_further_networks_come_behind(world: World) -> None:
    for name in ("front", "back"):
        await world.engine.networks.create(CreateNetwork(name=name))
    await world.create(
        "web",
        host=HostConfig(network_mode="front"),
        endpoints={"back": EndpointRequest(), "front": EndpointRequest(aliases=("www",))},
    )
    endpoints = world.container("web").endpoints
    assert list(endpoints) == ["front", "back"]
    assert endpoints["front"].dns_names == ("web", "www", world.container("web").id[:12])


MAC = "02:32:1c:23:00:04"


@pytest.mark.parametrize("given", ["", MAC])
async def test_a_mac_address_of_the_container_is_that_of_its_modes_network(world: World, given: str) -> None:
    requests = {"bridge": EndpointRequest(gw_priority=1, mac_address=given)}
    await world.create("web", mac_address=MAC, endpoints=requests)
    assert world.container("web").endpoints["bridge"].request == EndpointRequest(gw_priority=1, mac_address=MAC)


async def test_a_mac_address_that_has_no_network_to_go_to_is_refused(world: World) -> None:
    await world.engine.networks.create(CreateNetwork(name="other"))
    elsewhere = {"other": EndpointRequest()}
    await refuse(world, InvalidArgument, "unable to migrate", "web", mac_address=MAC, endpoints=elsewhere)
    different = {"bridge": EndpointRequest(mac_address="02:32:1c:23:00:05")}
    await refuse(world, InvalidArgument, "must match", "web", mac_address=MAC, endpoints=different)


async def test_a_client_of_old_gets_the_hosts_cgroups_on_v1_alone(world: World) -> None:
    config = replace(world.context.config, default_cgroupns_mode="private")
    for version, expected in ((1, "host"), (2, "private")):
        world.context.config, world.context.facts = config, replace(world.context.facts, cgroup_version=version)
        request = CreateRequest(name=f"v{version}", config=Config(image="busybox"), host_cgroups_on_v1=True)
        await world.engine.containers.create(request)
        assert world.container(f"v{version}").host_config.cgroupns_mode == expected


async def test_a_shared_network_is_stored_by_id(world: World) -> None:
    other = await world.create("one")
    await world.create("two", host=HostConfig(network_mode="container:one"))
    await world.engine.containers.rename("one", "renamed")
    assert world.container("two").host_config.network_mode == f"container:{other}"
    assert world.container("two").endpoints == {}
    assert world.container("two").config.hostname == ""


async def test_host_mode_has_the_hosts_name_and_publishes_nothing(world: World) -> None:
    request = world.request(
        "web", host=HostConfig(network_mode="host", port_bindings={"80/tcp": (PortBinding(host_port="80"),)})
    )
    _, warnings = await world.engine.containers.create(request)
    assert world.container("web").config.hostname == "fakehost"
    assert warnings == ["Published ports are discarded when using host network mode"]
    assert world.container("web").warnings == tuple(warnings)


async def test_endpoint_options_that_mean_nothing_are_warned_of(world: World) -> None:
    endpoints = {"bridge": EndpointRequest(driver_opts={"com.example.note": "1"})}
    _, warnings = await world.engine.containers.create(world.request("web", endpoints=endpoints))
    assert warnings == ["driver option com.example.note has no effect"]


async def test_an_oom_killer_that_is_off_without_a_limit_is_warned_of(world: World) -> None:
    _, warnings = await world.engine.containers.create(
        world.request("web", host=HostConfig(resources=Resources(oom_kill_disable=True)))
    )
    assert "no memory limit is set" in warnings[0]


async def test_the_engines_log_options_hold_for_its_own_driver_only(world: World) -> None:
    world.settings = {"log_opts": {"max-size": "1m", "max-file": "3"}}
    await world.restart()
    for driver, options, wanted in (
        ("", {}, {"max-size": "1m", "max-file": "3"}),
        ("json-file", {"max-size": "9m"}, {"max-size": "9m", "max-file": "3"}),
        ("local", {}, {}),
    ):
        config = LogConfig(driver=driver, options=options)
        container_id = await world.create(f"by-{driver or 'default'}", host=HostConfig(log_config=config))
        assert world.container(container_id).host_config.log_config.options == wanted


async def test_drivers_that_keep_files_have_a_log_path(world: World) -> None:
    one = await world.create("one")
    two = await world.create("two", host=HostConfig(log_config=LogConfig(driver="local")))
    await world.create("three", host=HostConfig(log_config=LogConfig(driver="none")))
    folder = world.data_root / "containers"
    assert world.container("one").log_path == str(folder / one / f"{one}-json.log")
    assert world.container("two").log_path == str(folder / two / "local-logs" / "container.log")
    assert world.container("three").log_path == ""


async def test_what_the_host_will_cut_is_said_at_once(world: World) -> None:
    resources = Resources(ulimits=(Ulimit(name="nofile", soft=1, hard=10**9),))
    world.host.host_facts = replace(world.host.host_facts, hard_limits={"nofile": 5000})
    await world.restart()
    _, warnings = await world.engine.containers.create(world.request("web", host=HostConfig(resources=resources)))
    assert warnings == ["ulimit nofile is cut to 5000: containerd itself may not go above it"]
    await world.engine.containers.start("web")
    assert world.container("web").warnings == tuple(warnings)


async def test_only_networks_that_are_named_are_joined_if_any_is(world: World) -> None:
    for name in ("front", "back"):
        await world.engine.networks.create(CreateNetwork(name=name))
    asked = {"default": ["default"], "front": ["back"], "back": ["front", "back"]}
    made = {
        mode: await world.create(
            f"on-{mode}", host=HostConfig(network_mode=mode), endpoints={name: EndpointRequest() for name in names}
        )
        for mode, names in asked.items()
    }
    joined = {mode: list(world.container(container_id).endpoints) for mode, container_id in made.items()}
    assert joined == {"default": ["bridge"], "front": ["back"], "back": ["back", "front"]}


async def test_without_an_image_there_is_nothing_to_make(world: World) -> None:
    with pytest.raises(InvalidArgument, match="no command specified"):
        await world.engine.containers.create(CreateRequest())
    with pytest.raises(Unsupported, match="no container without an image"):
        await world.create("web", "true", image="")
