"""What OCI runtimes write down of each container, in the root that Pier gives them: `<root>/<namespace>/<id>/`.

The runtime itself removes it with the container. Where containerd finds a shim dead and its bundle gone before it comes
to that (seen with containerd 2.1 when pierd dies while a task is made), nobody does. Blocks: use in a thread.
"""

import shutil
from pathlib import Path

from pier.domain.errors import PierError
from pier.domain.ids import is_full_id


class RuntimeStates:
    def __init__(self, directory: Path) -> None:
        """`directory` holds the states of one namespace; it may be absent."""
        self._directory = directory

    def list_ids(self) -> list[str]:
        """The containers of which something is written down."""
        if not self._directory.is_dir():
            return []
        return [path.name for path in self._directory.iterdir() if is_full_id(path.name)]

    def remove(self, container_id: str) -> None:
        """Absent is no error. For a container without a process only: its runtime would not know it any more."""
        try:
            shutil.rmtree(self._directory / container_id)
        except FileNotFoundError:
            return
        except OSError as error:
            raise PierError(f"the runtime's state of container {container_id} cannot be removed: {error}") from error
