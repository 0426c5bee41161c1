"""A start that fails leaves nothing but its reason; one that succeeds hands on what was asked for."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from fakes.containerd.state import Process, Task
from fakes.world import World

from pier.domain.container import Config, Container, HostConfig, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError, StartFailed, Unavailable
from pier.domain.network import EndpointRequest, PortBinding, PublishedPort
from pier.domain.record import Put
from pier.domain.resources import DeviceMapping, DeviceRequest, Resources, ThrottleDevice
from pier.domain.runtime import ProcessUser
from pier.engine.containers import ending
from pier.engine.containers.attach import AttachOptions
from pier.engine.containers.endpoints import port_requests
from pier.engine.networks import CreateNetwork


def published(port: str) -> HostConfig:
    return HostConfig(port_bindings={"80/tcp": (PortBinding(host_port=port),)})


def assert_nothing_runs(world: World) -> None:
    state = world.containerd.state
    assert (state.tasks, state.containers) == ({}, {})
    assert (world.networks.netns, world.networks.attached, world.networks.published) == ({}, {}, {})
    assert all(stream.abandoned or stream.finished for stream in world.streams.made.values())
    assert not world.records.intents


def spec_of(world: World, container_id: str) -> Mapping[str, Any]:
    return world.containerd.state.containers[container_id].spec


# -- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        ("tasks.create", StartFailed("exec: executable file not found in $PATH", 127), 127),
        ("tasks.create", StartFailed("exec: permission denied", 126), 126),
        ("tasks.start", StartFailed("something else", 128), 128),
        ("tasks.start", Unavailable("containerd is away"), 128),
        ("containers.create", PierError("no"), 128),
        ("snapshots.mounts", PierError("no"), 128),
    ],
)
async def test_a_failed_start_is_undone_and_leaves_its_reason(
    world: World, call: str, error: PierError, code: int
) -> None:
    await world.create("web")
    world.containerd.state.failures[call] = error
    with pytest.raises(type(error), match=error.message.replace("$", ".")) as raised:
        await world.engine.containers.start("web")
    assert raised.value is error
    state = world.container("web").state
    assert (state.status, state.exit_code, state.error, state.pid) == (Status.CREATED, code, error.message, 0)
    assert_nothing_runs(world)
    assert world.actions() == ["create"]


async def test_after_a_failure_it_can_be_started_and_forgets_the_reason(world: World) -> None:
    await world.create("web")
    world.containerd.state.failures["tasks.start"] = StartFailed("no", 128)
    with pytest.raises(StartFailed):
        await world.engine.containers.start("web")
    await world.engine.containers.start("web")
    state = world.container("web").state
    assert (state.status, state.exit_code, state.error) == (Status.RUNNING, 0, "")


async def test_a_task_that_a_killed_pierd_has_asked_for_is_ended_first(world: World) -> None:
    state = world.containerd.state
    web = await world.create("web")
    state.failures["tasks.create"] = Conflict("another call makes it just now")  # then it is there
    stray = state.tasks[web] = Task(Process(next(state.pids), ("sleep",)))
    await world.engine.containers.start("web")
    assert world.container("web").state.status is Status.RUNNING
    assert state.tasks[web] is not stray
    assert (web, "", 9) in world.containerd.tasks.signals


async def test_a_task_that_nobody_can_make_or_end_fails_the_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_PATIENCE", 0.05)

    async def taken(*_: object, **__: object) -> int:
        raise Conflict("another call makes it just now")

    await world.create("web")
    monkeypatch.setattr(world.containerd.tasks, "create", taken)
    with pytest.raises(Conflict, match="makes it just now"):
        await world.engine.containers.start("web")
    assert world.container("web").state.status is Status.CREATED


async def test_a_program_that_is_missing_is_127(world: World) -> None:
    await world.create("web", "nosuch")
    with pytest.raises(StartFailed, match="executable file not found") as raised:
        await world.engine.containers.start("web")
    assert raised.value.is_users_mistake
    assert world.container("web").state.exit_code == 127


async def test_an_auto_remove_container_that_cannot_start_goes(world: World) -> None:
    await world.create("web", "nosuch", host=HostConfig(auto_remove=True))
    removed = await world.engine.containers.wait("web", "removed")
    with pytest.raises(StartFailed):
        await world.engine.containers.start("web")
    async with asyncio.timeout(5):
        assert (await removed.result())[0] == 127
    assert world.actions() == ["create", "destroy"]


async def test_streams_that_cannot_be_made_fail_the_start(world: World) -> None:
    await world.create("web")
    world.streams.failure = PierError("no space left on device")
    with pytest.raises(PierError, match="no space"):
        await world.engine.containers.start("web")
    assert_nothing_runs(world)


async def test_a_taken_port_leaves_nothing(world: World) -> None:
    await world.run("one", host=published("8080"), exposed_ports=("80/tcp",))
    await world.create("two", host=published("8080"), exposed_ports=("80/tcp",))
    with pytest.raises(PierError, match="port is already allocated"):
        await world.engine.containers.start("two")
    state = world.container("two").state
    assert (state.status, state.exit_code) == (Status.CREATED, 128)
    assert len(world.networks.netns) == len(world.networks.attached) == 1
    await world.engine.containers.stop("one")
    await world.engine.containers.start("two")


async def test_a_port_of_a_host_process_is_refused(world: World) -> None:
    world.networks.ports_of_host.add(("tcp", 8080))
    await world.create("web", host=published("8080"), exposed_ports=("80/tcp",))
    with pytest.raises(PierError, match="address already in use"):
        await world.engine.containers.start("web")
    assert_nothing_runs(world)


async def test_a_network_that_is_gone_is_not_found(world: World) -> None:
    network_id, _ = await world.engine.networks.create(CreateNetwork(name="mine"))
    await world.create("web", host=HostConfig(network_mode="mine"))
    await world.engine.networks.remove(network_id)
    with pytest.raises(NotFound, match="network mine not found"):
        await world.engine.containers.start("web")
    assert_nothing_runs(world)
    again, _ = await world.engine.networks.create(CreateNetwork(name="mine"))
    await world.engine.containers.start("web")
    assert world.container("web").endpoints["mine"].network_id == again


async def test_a_bind_that_the_host_cannot_propagate_is_refused(world: World) -> None:
    world.host.lacking_propagation = {"rshared"}
    await world.create("web", host=HostConfig(binds=("/data:/data:rshared",)))
    with pytest.raises(PierError, match="path /data is mounted on / but it is not a rshared mount"):
        await world.engine.containers.start("web")
    assert_nothing_runs(world)
    await world.run("other", host=HostConfig(binds=("/data:/data:rslave",)))


async def test_the_propagation_that_a_bind_gets_by_default_need_not_be_had(world: World) -> None:
    world.host.lacking_propagation = {"rslave"}
    await world.run("web", host=HostConfig(binds=("/:/host",)))
    assert world.container("web").mount_points[0].propagation == "rslave"


async def test_a_user_that_is_not_there_is_an_internal_error(world: World) -> None:
    await world.create("web", user="ghost")
    with pytest.raises(PierError, match="unable to find user ghost") as raised:
        await world.engine.containers.start("web")
    assert type(raised.value) is PierError


async def test_a_failed_undo_does_not_keep_the_rest_from_being_undone(world: World) -> None:
    await world.create("web")
    world.containerd.state.failures |= {"tasks.start": StartFailed("no", 128), "containers.delete": PierError("later")}
    with pytest.raises(PierError):
        await world.engine.containers.start("web")
    assert not world.networks.netns
    assert not world.containerd.state.tasks
    assert not world.records.intents


async def test_who_attached_before_a_failed_start_sees_an_end(world: World) -> None:
    await world.create("web")
    attachment = await world.engine.containers.attach("web", AttachOptions(stdout=True, stream=True))
    world.containerd.state.failures["tasks.start"] = StartFailed("no", 128)
    with pytest.raises(StartFailed):
        await world.engine.containers.start("web")
    async with asyncio.timeout(5):
        assert [chunk async for chunk in attachment] == []


# -- what is handed on ------------------------------------------------------------------------------------------------


async def test_the_object_carries_the_spec_the_layer_and_the_runtime(world: World) -> None:
    container_id = await world.run("web", "sleep", "7", env=("A=1",))
    made = world.containerd.state.containers[container_id]
    assert (made.snapshot_key, made.snapshotter, made.image) == (
        container_id,
        "overlayfs",
        "docker.io/library/busybox:latest",
    )
    assert made.spec["process"]["args"] == ["sleep", "7"]  # type: ignore[index]  # a document
    assert made.runtime.root == str(world.data_root / "run" / "runc")


async def test_a_started_container_shows_its_place_on_the_network(world: World) -> None:
    container_id = await world.run("web", host=published("8080"), exposed_ports=("80/tcp",))
    endpoint = world.container("web").endpoints["bridge"]
    assert (endpoint.interface, endpoint.ipv4_address) == ("eth0", "172.17.0.2")
    assert endpoint.published == (PublishedPort(port=80, protocol="tcp", host_ip="0.0.0.0", host_port=8080),)
    assert "172.17.0.2" in world.host.files[container_id]["hosts"]


async def test_several_networks_have_an_interface_each_and_ports_are_published_once(world: World) -> None:
    await world.engine.networks.create(CreateNetwork(name="other"))
    container_id = await world.run(
        "web",
        host=published("8080"),
        exposed_ports=("80/tcp",),
        endpoints={"other": EndpointRequest(aliases=("db",)), "bridge": EndpointRequest()},
    )
    endpoints = world.container(container_id).endpoints
    assert [(name, item.interface, len(item.published)) for name, item in endpoints.items()] == [
        ("bridge", "eth0", 1),
        ("other", "eth1", 0),
    ]
    assert world.actions()[-3:] == ["network connect", "network connect", "start"]


async def test_host_network_opens_no_namespace(world: World) -> None:
    container_id = await world.run("web", host=HostConfig(network_mode="host"))
    assert not world.networks.netns
    assert "network" not in {item["type"] for item in spec_of(world, container_id)["linux"]["namespaces"]}


async def test_on_the_hosts_network_the_files_are_the_hosts_except_for_what_is_asked_for(world: World) -> None:
    plain = await world.run("plain", host=HostConfig(network_mode="host"))
    assert world.host.files[plain]["hosts"] == "127.0.0.1 localhost\n"
    assert world.host.files[plain]["resolv.conf"] == world.host.resolv_conf
    named = await world.run("named", host=HostConfig(network_mode="host", extra_hosts=("db:192.0.2.7",)))
    assert "192.0.2.7\tdb\n" in world.host.files[named]["hosts"]
    assert world.host.files[named]["resolv.conf"] == world.host.resolv_conf
    asking = await world.run("asking", host=HostConfig(network_mode="host", dns=("9.9.9.9",)))
    assert world.host.files[asking]["hosts"] == "127.0.0.1 localhost\n"
    assert world.host.files[asking]["resolv.conf"] == "nameserver 9.9.9.9\n"


async def test_none_has_a_namespace_and_no_link(world: World) -> None:
    container_id = await world.run("web", host=HostConfig(network_mode="none"))
    assert list(world.networks.netns) == [container_id]
    assert not world.networks.attached


async def test_a_shared_network_is_the_other_containers(world: World) -> None:
    other = await world.run("one")
    container_id = await world.run("two", host=HostConfig(network_mode="container:one"))
    paths = {item["type"]: item.get("path") for item in spec_of(world, container_id)["linux"]["namespaces"]}
    assert paths["network"] == world.networks.netns_path(other)
    assert list(world.networks.netns) == [other]


@pytest.mark.parametrize("mode", ["network_mode", "pid_mode"])
async def test_a_namespace_of_a_container_that_is_down_cannot_be_joined(world: World, mode: str) -> None:
    await world.create("one")
    await world.create("two", host=HostConfig(**{mode: "container:one"}))  # type: ignore[arg-type]  # by parameter
    with pytest.raises(PierError, match=r"non running container|is not running"):
        await world.engine.containers.start("two")


async def test_a_missing_bind_source_is_made(world: World) -> None:
    await world.run("web", host=HostConfig(binds=("/data:/d",)))
    assert "/data" in world.host.paths


async def test_devices_and_throttled_disks_are_looked_up(world: World) -> None:
    world.host.devices = {"/dev/x": [("", "c", 10, 200, 0o666, 0, 0)], "/dev/sda": [("", "b", 8, 0, 0o660, 0, 6)]}
    resources = Resources(
        devices=(DeviceMapping(host_path="/dev/x", container_path="/dev/y"),),
        blkio_device_read_bps=(ThrottleDevice(path="/dev/sda", rate=1024),),
    )
    container_id = await world.run("web", host=HostConfig(resources=resources))
    linux = spec_of(world, container_id)["linux"]
    assert [(item["path"], item["major"], item["minor"]) for item in linux["devices"]] == [("/dev/y", 10, 200)]
    assert linux["resources"]["blockIO"]["throttleReadBpsDevice"] == [{"major": 8, "minor": 0, "rate": 1024}]


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        (Resources(devices=(DeviceMapping(host_path="/dev/no", container_path="/dev/no"),)), "no such file"),
        (Resources(device_requests=(DeviceRequest(driver="nvidia", capabilities=(("gpu",),)),)), "could not select"),
    ],
)
async def test_devices_that_are_not_there(world: World, resources: Resources, words: str) -> None:
    await world.create("web", host=HostConfig(resources=resources))
    with pytest.raises(PierError, match=words):
        await world.engine.containers.start("web")


async def test_init_needs_one_on_the_host(world: World) -> None:
    await world.create("web", host=HostConfig(init=True))
    with pytest.raises(PierError, match="docker-init"):
        await world.engine.containers.start("web")
    world.host.paths.add("/usr/bin/tini")
    await world.engine.containers.start("web")
    container_id = world.container("web").id
    assert "/usr/bin/tini" in {item.get("source") for item in spec_of(world, container_id)["mounts"]}
    world.host.paths.add("/usr/bin/tini-static")  # runs on every image, so it is preferred
    await world.engine.containers.restart("web")
    assert "/usr/bin/tini-static" in {item.get("source") for item in spec_of(world, container_id)["mounts"]}


async def test_the_user_is_looked_up_in_the_containers_own_root(world: World) -> None:
    world.host.users["app"] = ProcessUser(uid=1000, gid=1000, home="/home/app")
    container_id = await world.run("web", user="app")
    assert spec_of(world, container_id)["process"]["user"]["uid"] == 1000


async def test_a_runtime_that_is_no_longer_configured_is_refused(world: World) -> None:
    container_id = await world.create("web")
    container = world.container("web")
    gone = replace(container, host_config=replace(container.host_config, runtime="kata"))
    await world.context.memory.commit(Put(gone))
    with pytest.raises(InvalidArgument, match="kata"):
        await world.engine.containers.start(container_id)
    assert_nothing_runs(world)


# -- ports ------------------------------------------------------------------------------------------------------------


def with_ports(exposed: tuple[str, ...], host: HostConfig) -> Container:
    config = Config(exposed_ports=exposed)
    return Container(id="c", name="c", created_at=0, image_ref="x", image_id="x", config=config, host_config=host)


Bindings = Mapping[str, tuple[PortBinding, ...]]
EIGHTY = PortBinding(host_port="8080")


@pytest.mark.parametrize(
    ("exposed", "bindings", "all_ports", "expected"),
    [
        (("80/tcp",), {"80/tcp": (EIGHTY,)}, False, [(80, "tcp", "8080")]),
        (("80/tcp",), {"80": (EIGHTY,)}, False, [(80, "tcp", "8080")]),  # tcp goes without saying
        ((), {"80/tcp": (EIGHTY,)}, False, []),  # bound, not exposed: shown, not published
        (("80/tcp",), {}, False, []),
        (("80/tcp",), {"80/tcp": ()}, False, []),
        (("80/tcp",), {}, True, [(80, "tcp", "")]),
        (("80/tcp", "53/udp"), {"80/tcp": (EIGHTY,)}, True, [(80, "tcp", "8080"), (53, "udp", "")]),
        (
            ("80/tcp",),
            {"80/tcp": (EIGHTY, PortBinding(host_port="9090"))},
            False,
            [(80, "tcp", "8080"), (80, "tcp", "9090")],
        ),
    ],
)
def test_which_ports_are_published(
    exposed: tuple[str, ...], bindings: Bindings, all_ports: bool, expected: list[tuple[int, str, str]]
) -> None:
    container = with_ports(exposed, HostConfig(port_bindings=bindings, publish_all_ports=all_ports))
    assert [(r.port, r.protocol, r.binding.host_port) for r in port_requests(container)] == expected


async def test_a_container_that_switches_ipv6_off_asks_for_no_address_of_it(world: World) -> None:
    await world.engine.networks.create(CreateNetwork(name="both", enable_ipv6=True))
    host = HostConfig(network_mode="both", sysctls={"net.ipv6.conf.all.disable_ipv6": "1"})
    container = world.container(await world.run(name="web", host=host))
    endpoint = world.container(container.id).endpoints["both"]
    assert (bool(endpoint.ipv4_address), endpoint.ipv6_address) == (True, "")
    assert endpoint.request == EndpointRequest()
    await world.engine.networks.create(CreateNetwork(name="more", enable_ipv6=True))
    await world.engine.networks.connect("more", container.id, EndpointRequest())
    assert world.container(container.id).endpoints["more"].ipv6_address == ""
