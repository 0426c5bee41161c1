import pytest
from fakes.world import World

from pier.domain.archive import ChangeKind, FileChange
from pier.domain.errors import NotFound


async def test_mount_points_of_the_engine_are_hidden(world: World) -> None:
    await world.create("web")
    mine = FileChange(path="/mine", kind=ChangeKind.ADDED)
    world.host.found_changes = [mine, FileChange(path="/etc/hosts", kind=ChangeKind.ADDED)]
    assert await world.engine.containers.changes("web") == [mine]
    assert world.actions() == ["create"]
    with pytest.raises(NotFound):
        await world.engine.containers.changes("nobody")
