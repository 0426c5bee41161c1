"""`docker diff`: what a container changed in its files against its image."""

from pier.domain.archive import FileChange
from pier.engine.context import Context


async def find_changes(context: Context, ref: str) -> list[FileChange]:
    """Sorted by path; what lies in volumes and other mounts is not the container's. Raises NotFound."""
    container = context.memory.container(ref)
    layers = await context.ports.snapshots.mounts(container.id)
    return await context.ports.host.changes(layers)
