"""The verbs that are short enough to live in the facade, and that all of them are there."""

import pytest
from fakes.world import World

from pier.domain.errors import Conflict, InvalidArgument, NotFound


async def test_resize_reaches_the_terminal_and_is_told(world: World) -> None:
    container_id = await world.run("web", tty=True)
    await world.engine.containers.resize("web", 24, 80)
    assert world.containerd.tasks.resizes == [(container_id, "", 80, 24)]
    assert (world.events[-1].action, world.events[-1].attributes["height"]) == ("resize", "24")


async def test_resize_needs_a_running_container(world: World) -> None:
    await world.create("web")
    with pytest.raises(Conflict, match="is not running"):
        await world.engine.containers.resize("web", 24, 80)
    with pytest.raises(NotFound):
        await world.engine.containers.resize("gone", 24, 80)


async def test_get_answers_from_memory(world: World) -> None:
    container_id = await world.create("web")
    world.containerd.stop()
    assert world.engine.containers.get(container_id[:8]).name == "web"


async def test_create_answers_the_id_and_the_warnings(world: World) -> None:
    container_id, warnings = await world.engine.containers.create(world.request("web"))
    assert (world.container("web").id, warnings) == (container_id, [])


async def test_a_signal_is_looked_at_before_the_container(world: World) -> None:
    for signal, words in (("NOPE", "invalid signal: NOPE"), ("99", "the linux daemon does not support signal 99")):
        with pytest.raises(InvalidArgument, match=f"cannot kill container: gone: {words}"):
            await world.engine.containers.kill("gone", signal)
