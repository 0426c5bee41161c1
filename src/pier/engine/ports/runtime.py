"""containerd as the engine sees it: processes, the objects behind them, and what happens to them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from pier.domain.mount import FilesystemMount
from pier.domain.runtime import (
    ContainerObject,
    InitEnd,
    RuntimeChoice,
    RuntimeEvent,
    Stdio,
    TaskExit,
    TaskState,
)


class Tasks(Protocol):
    """Processes, as containerd's task service runs them. An unknown task is NotFound."""

    async def create(
        self, container_id: str, *, rootfs: Sequence[FilesystemMount], stdio: Stdio, runtime: RuntimeChoice
    ) -> int:
        """Runs the shim and `runc create`; the pid of the container's init, which waits for start.

        Raises StartFailed when the OCI runtime refuses.
        """
        ...

    async def start(self, container_id: str, exec_id: str = "") -> int:
        """The pid. Raises StartFailed when the OCI runtime refuses."""
        ...

    async def add_exec(self, container_id: str, exec_id: str, process: Mapping[str, object], stdio: Stdio) -> None: ...
    async def kill(self, container_id: str, signal: int, *, exec_id: str = "", everyone: bool = False) -> None: ...
    async def delete(self, container_id: str, exec_id: str = "") -> TaskExit: ...
    async def pause(self, container_id: str) -> None: ...
    async def resume(self, container_id: str) -> None: ...
    async def resize(self, container_id: str, *, width: int, height: int, exec_id: str = "") -> None: ...
    async def close_stdin(self, container_id: str, exec_id: str = "") -> None: ...
    async def update(self, container_id: str, resources: Mapping[str, object]) -> None: ...
    async def pids(self, container_id: str) -> list[int]: ...
    async def get(self, container_id: str, exec_id: str = "") -> TaskState: ...
    async def list(self) -> list[TaskState]: ...


class Inits(Protocol):
    """The first processes of containers, held so that the kernel tells of their ends where containerd does not."""

    async def hold(self, container_id: str, pid: int) -> None:
        """From now on the end of that process is not missed; its first step must come before the process can be reaped.

        After that it may go on beside the start of the process; when it returns, a pierd that comes later knows, too.
        """
        ...

    async def take_up(self, container_id: str, pid: int) -> None:
        """Holds again what an earlier pierd held; the process runs."""
        ...

    async def end_of(self, container_id: str, pid: int) -> InitEnd | None:
        """How that process ended; None if it runs, or the kernel does not tell."""
        ...

    async def release(self, container_id: str) -> None: ...
    async def list_ids(self) -> list[str]: ...


class ContainerObjects(Protocol):
    """containerd's container metadata."""

    async def create(self, container: ContainerObject) -> None: ...
    async def delete(self, container_id: str) -> None: ...
    async def list_ids(self) -> list[str]: ...


class RuntimeEvents(Protocol):
    def subscribe(self) -> AsyncIterator[RuntimeEvent]:
        """Never ends: reconnects by itself and yields Connected each time the stream is up (again)."""
        ...


class Containerd(Protocol):
    """Facts about the containerd at the other end."""

    async def version(self) -> tuple[str, str]:
        """(version, revision). Raises Unavailable when it does not answer."""
        ...

    async def prepare(self) -> None:
        """Makes what Pier needs to be there (its namespace); called after each connect."""
        ...
