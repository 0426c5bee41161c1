"""Nothing is told of a container after its last event."""

from dataclasses import replace

from fakes.world import World

from pier.domain.container import State, Status
from pier.domain.record import Put
from pier.engine.containers.telling import tell


async def test_an_event_has_what_every_event_of_the_container_has(world: World) -> None:
    await world.create("web", labels={"a": "b"})
    await tell(world.context, world.container("web"), "resize", width="80")
    assert world.events[-1].action == "resize"
    assert world.events[-1].attributes == {"a": "b", "image": "busybox", "name": "web", "width": "80"}


async def test_of_what_is_gone_or_going_nothing_is_told(world: World) -> None:
    await world.create("web")
    container = world.container("web")
    await world.context.memory.commit(Put(replace(container, state=State(status=Status.REMOVING))))
    await tell(world.context, container, "commit")
    await world.context.memory.commit(Put(container))
    await world.engine.containers.remove("web")
    await tell(world.context, container, "commit")
    assert world.actions() == ["create", "destroy"]
