import pytest
from fakes.world import World

from pier.domain.archive import ChangeKind, FileChange
from pier.domain.errors import NotFound


async def test_changes_of_the_writable_layer(world: World) -> None:
    await world.create("web")
    mine = FileChange(path="/mine", kind=ChangeKind.ADDED)
    world.host.found_changes = [mine]
    assert await world.engine.containers.changes("web") == [mine]
    assert world.actions() == ["create"]
    with pytest.raises(NotFound):
        await world.engine.containers.changes("nobody")
