"""The fake's tasks, container objects and events."""

import asyncio
import re
import signal as signals
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import cast

from fakes.containerd.state import Process, State, Task

from pier.domain.errors import Conflict, NotFound, PierError, StartFailed
from pier.domain.mount import FilesystemMount
from pier.domain.runtime import (
    Connected,
    ContainerObject,
    RuntimeChoice,
    RuntimeEvent,
    Stdio,
    TaskExit,
    TaskOom,
    TaskState,
    TaskStatus,
)

_FATAL = {signals.SIGKILL, signals.SIGTERM, signals.SIGINT, signals.SIGHUP, signals.SIGQUIT, signals.SIGABRT}
_LIVE = (TaskStatus.CREATED, TaskStatus.RUNNING, TaskStatus.PAUSED)


class FakeContainerObjects:
    def __init__(self, state: State) -> None:
        self._state = state

    async def create(self, container: ContainerObject) -> None:
        await self._state.enter("containers.create")
        if container.id in self._state.containers:
            raise Conflict(f"container {container.id}: already exists")
        self._state.containers[container.id] = container
        self._state.changed()

    async def delete(self, container_id: str) -> None:
        await self._state.enter("containers.delete")
        if self._state.containers.pop(container_id, None) is None:
            raise NotFound(f"container {container_id}: not found")
        self._state.changed()

    async def list_ids(self) -> list[str]:
        await self._state.enter("containers.list_ids")
        return list(self._state.containers)


class FakeRuntimeEvents:
    def __init__(self, state: State) -> None:
        self._state = state

    async def subscribe(self) -> AsyncIterator[RuntimeEvent]:
        while True:
            while self._state.away:
                await self._state.back.wait()
            stream: asyncio.Queue[RuntimeEvent | None] = asyncio.Queue()
            self._state.streams.append(stream)
            try:
                yield Connected()
                while (event := await stream.get()) is not None:
                    yield event
            finally:
                if stream in self._state.streams:
                    self._state.streams.remove(stream)


class FakeTasks:
    def __init__(self, state: State) -> None:
        self._state = state
        self.resizes: list[tuple[str, str, int, int]] = []  # container, exec, width, height
        self.exec_documents: dict[str, Mapping[str, object]] = {}  # by id
        self.updates: list[tuple[str, Mapping[str, object]]] = []
        self.closed_stdin: list[tuple[str, str]] = []
        self.signals: list[tuple[str, str, int]] = []

    def end(self, container_id: str, status: int = 0, exec_id: str = "") -> None:
        """The process ends by itself, and its event is sent; with the first one all execs end, too."""
        process = self._find(container_id, exec_id)
        if process.status is TaskStatus.STOPPED:
            return
        if not exec_id:
            for other, running in self._state.tasks[container_id].execs.items():
                if running.status is TaskStatus.RUNNING:
                    self.end(container_id, 128 + signals.SIGKILL, other)
        process.status, process.exit_status = TaskStatus.STOPPED, status
        process.exited_at = next(self._state.clock)
        self._state.publish(_exit(container_id, exec_id, process))

    def strike_oom(self, container_id: str) -> None:
        """The OOM killer's event and what it does to the first process."""
        self._state.publish(TaskOom(container_id=container_id))
        self.end(container_id, 137)

    def vanish(self, container_id: str) -> None:
        """The task is lost without a trace, as containerd 2 loses those that end while it is down."""
        self._state.tasks.pop(container_id, None)

    async def create(
        self, container_id: str, *, rootfs: Sequence[FilesystemMount], stdio: Stdio, runtime: RuntimeChoice
    ) -> int:
        await self._state.enter("tasks.create")
        container = self._state.containers.get(container_id)
        if container is None:
            raise NotFound(f"container {container_id}: not found")
        if container_id in self._state.tasks:
            raise Conflict(f"task {container_id}: already exists")
        if container.snapshot_key and container.snapshot_key not in self._state.snapshots:
            raise StartFailed(f"failed to mount rootfs: snapshot {container.snapshot_key} is gone", 128)
        process = cast("Mapping[str, object]", container.spec.get("process", {}))
        args = tuple(cast("Sequence[str]", process.get("args", ())))
        self._refuse_missing(args, "failed to create task for container: ")
        self._state.tasks[container_id] = Task(Process(next(self._state.pids), args))
        return self._state.tasks[container_id].init.pid

    async def start(self, container_id: str, exec_id: str = "") -> int:
        await self._state.enter("tasks.start")
        process = self._find(container_id, exec_id)
        self._refuse_missing(process.args, "")
        if process.status is not TaskStatus.CREATED:
            raise StartFailed("cannot start a container that has stopped or runs", 128)
        process.status = TaskStatus.RUNNING
        if process.args and (ended := re.search(r"exit (\d+)$", process.args[-1])):
            asyncio.get_running_loop().call_soon(self.end, container_id, int(ended[1]), exec_id)
        return process.pid

    async def add_exec(self, container_id: str, exec_id: str, process: Mapping[str, object], stdio: Stdio) -> None:
        await self._state.enter("tasks.add_exec")
        if self._find(container_id, "").status is TaskStatus.STOPPED:
            raise PierError(f"cannot exec in a stopped container {container_id}")
        execs = self._state.tasks[container_id].execs
        if exec_id in execs:
            raise Conflict(f"exec {exec_id}: already exists")
        self.exec_documents[exec_id] = process
        execs[exec_id] = Process(next(self._state.pids), tuple(cast("Sequence[str]", process["args"])))

    async def kill(self, container_id: str, signal: int, *, exec_id: str = "", everyone: bool = False) -> None:
        await self._state.enter("tasks.kill")
        process = self._find(container_id, exec_id)
        if process.status not in _LIVE:
            raise NotFound("process already finished: not found")
        self.signals.append((container_id, exec_id, signal))
        ignored = "trap" in " ".join(process.args) and signal != signals.SIGKILL
        if signal not in _FATAL or ignored:
            return
        if process.status is TaskStatus.PAUSED:  # cgroup v1: not even SIGKILL reaches a frozen process
            process.pending = signal
        else:
            asyncio.get_running_loop().call_soon(self.end, container_id, 128 + signal, exec_id)

    async def delete(self, container_id: str, exec_id: str = "") -> TaskExit:
        await self._state.enter("tasks.delete")
        process = self._find(container_id, exec_id)
        if process.status in (TaskStatus.RUNNING, TaskStatus.PAUSED):
            raise Conflict(f"cannot delete {container_id} {exec_id}: it runs")
        if exec_id:
            del self._state.tasks[container_id].execs[exec_id]
        else:
            del self._state.tasks[container_id]
        return _exit(container_id, exec_id, process)

    async def pause(self, container_id: str) -> None:
        await self._state.enter("tasks.pause")
        self._change(container_id, TaskStatus.RUNNING, TaskStatus.PAUSED)

    async def resume(self, container_id: str) -> None:
        await self._state.enter("tasks.resume")
        self._change(container_id, TaskStatus.PAUSED, TaskStatus.RUNNING)
        if signal := self._find(container_id, "").pending:
            asyncio.get_running_loop().call_soon(self.end, container_id, 128 + signal)

    async def resize(self, container_id: str, *, width: int, height: int, exec_id: str = "") -> None:
        await self._state.enter("tasks.resize")
        self._find(container_id, exec_id)
        self.resizes.append((container_id, exec_id, width, height))

    async def close_stdin(self, container_id: str, exec_id: str = "") -> None:
        await self._state.enter("tasks.close_stdin")
        self._find(container_id, exec_id)
        self.closed_stdin.append((container_id, exec_id))

    async def update(self, container_id: str, resources: Mapping[str, object]) -> None:
        await self._state.enter("tasks.update")
        self._find(container_id, "")
        self.updates.append((container_id, resources))

    async def pids(self, container_id: str) -> list[int]:
        await self._state.enter("tasks.pids")
        task = self._state.tasks.get(container_id)
        if task is None:
            raise NotFound(f"task {container_id}: not found")
        return [p.pid for p in (task.init, *task.execs.values()) if p.status in (TaskStatus.RUNNING, TaskStatus.PAUSED)]

    async def get(self, container_id: str, exec_id: str = "") -> TaskState:
        await self._state.enter("tasks.get")
        return _task_state(container_id, exec_id, self._find(container_id, exec_id))

    async def list(self) -> list[TaskState]:
        await self._state.enter("tasks.list")
        return [_task_state(container_id, "", task.init) for container_id, task in self._state.tasks.items()]

    def _find(self, container_id: str, exec_id: str) -> Process:
        task = self._state.tasks.get(container_id)
        process = None
        if task is not None:
            process = task.execs.get(exec_id) if exec_id else task.init
        if process is None:
            raise NotFound(f"task {container_id} {exec_id}: not found")
        return process

    def _refuse_missing(self, args: Sequence[str], prefix: str) -> None:
        if args and args[0] in self._state.missing:
            text = f'unable to start container process: exec: "{args[0]}": executable file not found in $PATH'
            raise StartFailed(f"{prefix}OCI runtime create failed: runc create failed: {text}", 127)

    def _change(self, container_id: str, before: TaskStatus, after: TaskStatus) -> None:
        process = self._find(container_id, "")
        if process.status is not before:
            raise PierError(f"task {container_id} is {process.status}, not {before}")
        process.status = after


def _exit(container_id: str, exec_id: str, process: Process) -> TaskExit:
    return TaskExit(
        container_id=container_id,
        exec_id=exec_id,
        pid=process.pid,
        status=process.exit_status,
        exited_at=process.exited_at,
    )


def _task_state(container_id: str, exec_id: str, process: Process) -> TaskState:
    return TaskState(
        container_id=container_id,
        exec_id=exec_id,
        status=process.status,
        pid=process.pid,
        exit_status=process.exit_status,
        exited_at=process.exited_at,
    )
