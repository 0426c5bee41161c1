"""`docker diff`: what a container changed in its files against its image."""

from pier.domain.archive import FileChange
from pier.engine.containers.roots import ENGINE_FILES
from pier.engine.context import Context

# What the runtime makes in a root that lacks it, to mount on. dockerd has these below the container's own layer.
_RUNTIME_DIRECTORIES = ("/dev", "/dev/mqueue", "/dev/pts", "/dev/shm", "/proc", "/sys")
_MOUNT_POINTS = frozenset((*_RUNTIME_DIRECTORIES, "/dev/console", *ENGINE_FILES.values()))


async def find_changes(context: Context, ref: str) -> list[FileChange]:
    """Sorted by path; what lies in volumes and other mounts is not the container's. Raises NotFound."""
    container = context.memory.container(ref)
    layers = await context.ports.snapshots.mounts(container.id)
    return await context.ports.host.changes(layers, _MOUNT_POINTS)
