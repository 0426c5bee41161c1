"""Events of a container that change nothing about it."""

from pier.domain.container import Container, Status
from pier.engine.containers.create import actor_attributes
from pier.engine.context import Context


async def tell(context: Context, container: Container, action: str, **attributes: str) -> None:
    """Publishes one, unless the container is gone or going: who follows its events has seen its last one, `destroy`."""
    memory = context.memory
    now = memory.containers.get(container.id)
    if now is not None and now.state.status is not Status.REMOVING:
        event = memory.event("container", action, container.id, actor_attributes(container, **attributes))
        await memory.commit(event)
