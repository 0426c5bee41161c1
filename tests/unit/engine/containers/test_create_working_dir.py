"""create: a working directory that the image does not have."""

import pytest
from fakes.world import BUSYBOX, World
from support.images import TestImage

from pier.domain.errors import PierError


async def test_one_of_its_own_is_there_before_the_start(world: World) -> None:
    await world.load("placed:1", TestImage(BUSYBOX.layers, {"Cmd": ["sh"], "WorkingDir": "/srv/app"}))
    for directory in ("", "/", "/srv/app/", "/srv/app"):
        await world.create(image="placed:1", working_dir=directory)
    assert world.host.made_directories == []
    await world.create("own", image="placed:1", working_dir="/srv//other/")
    assert world.host.made_directories == ["/srv/other"]


async def test_a_file_in_its_place_leaves_nothing(world: World) -> None:
    world.host.in_the_way.add("/bin/sh")
    with pytest.raises(PierError, match="Cannot mkdir: /bin/sh is not a directory"):
        await world.create(working_dir="/bin/sh")
    assert not world.context.memory.containers
    assert not world.records.intents
    assert [key for key, item in world.containerd.state.snapshots.items() if item.kind != "committed"] == []
