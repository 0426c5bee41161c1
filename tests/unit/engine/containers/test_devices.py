"""Which devices a container gets."""

import pytest
from fakes.world import World

from pier.domain.cdi import DeviceNode, Edits
from pier.domain.container import HostConfig
from pier.domain.errors import PierError
from pier.domain.resources import DeviceRequest, Resources
from pier.engine.containers.devices import find_devices


def node(path: str, minor: int) -> Edits:
    return Edits(env=(f"GPU={path}",), nodes=(DeviceNode(path=path, host_path=path, type="c", major=195, minor=minor),))


def request(driver: str = "", count: int = 0, ids: tuple[str, ...] = (), kind: str = "gpu") -> DeviceRequest:
    return DeviceRequest(driver=driver, count=count, device_ids=ids, capabilities=((kind,),))


@pytest.fixture
async def gpus(world: World) -> World:
    world.host.cdi = {f"nvidia.com/gpu={n}": node(f"/dev/nvidia{n}", n) for n in (10, 1, 0)}
    world.host.cdi |= {"nvidia.com/gpu=GPU-77": node("/dev/nvidia0", 0), "test.com/thing=x": node("/dev/x", 9)}
    return world


async def paths(world: World, *requests: DeviceRequest) -> list[str]:
    await world.create("web", host=HostConfig(resources=Resources(device_requests=requests)))
    found = await find_devices(world.context, world.container("web"))
    assert [item.path for item in found.devices] == [item.path for item in found.edits.nodes]
    return [item.path for item in found.devices]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (DeviceRequest(driver="cdi", device_ids=("test.com/thing=x",)), ["/dev/x"]),
        (request(count=1), ["/dev/nvidia0"]),
        (request(count=2), ["/dev/nvidia0", "/dev/nvidia1"]),
        (request(count=-1), ["/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia10"]),
        (request("nvidia", ids=("1",)), ["/dev/nvidia1"]),
        (request(ids=("GPU-77",)), ["/dev/nvidia0"]),
    ],
)
async def test_devices_by_name_by_number_and_by_count(gpus: World, asked: DeviceRequest, wanted: list[str]) -> None:
    assert await paths(gpus, asked) == wanted


async def test_the_vendors_name_for_all_of_them_is_preferred(gpus: World) -> None:
    gpus.host.cdi["nvidia.com/gpu=all"] = node("/dev/all", 99)
    assert await paths(gpus, request(count=-1)) == ["/dev/all"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (DeviceRequest(driver="cdi", device_ids=("a/b=c",)), "unresolvable CDI devices a/b=c"),
        (request("amd", count=1), 'could not select device driver "amd" with capabilities: \\[\\[gpu\\]\\]'),
        (request(count=1, kind="tpu"), "could not select device driver"),
        (request(count=9), "9 devices of nvidia.com/gpu are asked for, this host has 3"),
        (request(ids=("7",)), "unresolvable CDI devices nvidia.com/gpu=7"),
    ],
)
async def test_what_is_not_there_is_named(gpus: World, asked: DeviceRequest, words: str) -> None:
    with pytest.raises(PierError, match=words):
        await paths(gpus, asked)


async def test_a_privileged_container_has_every_device(world: World) -> None:
    world.host.devices = {"/dev": [("sda", "b", 8, 0, 0o660, 0, 6), ("net/tun", "c", 10, 200, 0o666, 0, 0)]}
    await world.create("web", host=HostConfig(privileged=True))
    found = await find_devices(world.context, world.container("web"))
    assert [item.path for item in found.devices] == ["/dev/sda", "/dev/net/tun"]
