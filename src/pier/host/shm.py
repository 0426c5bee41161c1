"""/dev/shm of containers that share it: a tmpfs of this host for each, bound into every container that joins.

It is mounted where the runtime can see it, so it outlives a killed pierd; leftovers are found by listing. Blocks: use
in a thread.
"""

from pathlib import Path

from pier.domain.errors import PierError
from pier.domain.ids import is_full_id
from pier.host import syscalls

_FLAGS = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC


class SharedMemory:
    """`<directory>/<container id>`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def ensure(self, container_id: str, size: int) -> str:
        """Its path, mounted with `size` bytes unless it is already. Raises PierError when the kernel refuses."""
        path = self._directory / container_id
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.is_mount():
                syscalls.mount("shm", str(path), "tmpfs", _FLAGS, f"mode=1777,size={size}")
        except OSError as error:
            raise PierError(f"shared memory of container {container_id} cannot be mounted: {error}") from error
        return str(path)

    def remove(self, container_id: str) -> None:
        """Unmounts it; who has it bound keeps it. Absent is no error. Raises PierError when the kernel refuses."""
        path = self._directory / container_id
        try:
            while path.is_mount():
                syscalls.unmount(str(path))
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            raise PierError(f"shared memory of container {container_id} cannot be unmounted: {error}") from error

    def list_ids(self) -> list[str]:
        """The containers that have one."""
        if not self._directory.is_dir():
            return []
        return [path.name for path in self._directory.iterdir() if is_full_id(path.name)]
