"""containerd's task service: processes, run by a shim and an OCI runtime."""

from collections.abc import Mapping, Sequence

from google.protobuf.empty_pb2 import Empty
from pier_grpc import task_pb2
from pier_grpc import tasks_pb2 as pb

from pier.containerd.client import PROCESS_TIMEOUT, Client, Method
from pier.containerd.messages import PROCESS, RESOURCES, json_any, mount_messages, nanoseconds, runc_options
from pier.domain.mount import FilesystemMount
from pier.domain.runtime import RuntimeChoice, Stdio, TaskExit, TaskState, TaskStatus

_SERVICE = "/containerd.services.tasks.v1.Tasks/"
_CREATE = Method(_SERVICE + "Create", pb.CreateTaskRequest, pb.CreateTaskResponse)
_START = Method(_SERVICE + "Start", pb.StartRequest, pb.StartResponse)
_DELETE = Method(_SERVICE + "Delete", pb.DeleteTaskRequest, pb.DeleteResponse)
_DELETE_PROCESS = Method(_SERVICE + "DeleteProcess", pb.DeleteProcessRequest, pb.DeleteResponse)
_GET = Method(_SERVICE + "Get", pb.GetRequest, pb.GetResponse)
_LIST = Method(_SERVICE + "List", pb.ListTasksRequest, pb.ListTasksResponse)
_KILL = Method(_SERVICE + "Kill", pb.KillRequest, Empty)
_EXEC = Method(_SERVICE + "Exec", pb.ExecProcessRequest, Empty)
_RESIZE = Method(_SERVICE + "ResizePty", pb.ResizePtyRequest, Empty)
_CLOSE_IO = Method(_SERVICE + "CloseIO", pb.CloseIORequest, Empty)
_PAUSE = Method(_SERVICE + "Pause", pb.PauseTaskRequest, Empty)
_RESUME = Method(_SERVICE + "Resume", pb.ResumeTaskRequest, Empty)
_PIDS = Method(_SERVICE + "ListPids", pb.ListPidsRequest, pb.ListPidsResponse)
_UPDATE = Method(_SERVICE + "Update", pb.UpdateTaskRequest, Empty)

_STATUS = {
    task_pb2.CREATED: TaskStatus.CREATED,
    task_pb2.RUNNING: TaskStatus.RUNNING,
    task_pb2.STOPPED: TaskStatus.STOPPED,
    task_pb2.PAUSED: TaskStatus.PAUSED,
    task_pb2.PAUSING: TaskStatus.PAUSING,
}


class Tasks:
    """A task is a container's first process; execs are further ones, named by `exec_id`. Unknown ones are NotFound."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(
        self, container_id: str, *, rootfs: Sequence[FilesystemMount], stdio: Stdio, runtime: RuntimeChoice
    ) -> int:
        """Runs the shim and the OCI runtime's create; the pid of a process that waits for `start`.

        FIFOs in `stdio` must have their reader (stdin: writer) already. Raises StartFailed, Conflict where one runs.
        """
        request = pb.CreateTaskRequest(
            container_id=container_id,
            rootfs=mount_messages(rootfs),
            stdin=stdio.stdin,
            stdout=stdio.stdout,
            stderr=stdio.stderr,
            terminal=stdio.terminal,
            options=runc_options(runtime),
        )
        reply = await self._client.call(
            _CREATE,
            request,
            what=f"create the task of container {container_id}",
            timeout=PROCESS_TIMEOUT,
            starting="failed to create task for container: ",
        )
        return reply.pid

    async def start(self, container_id: str, exec_id: str = "") -> int:
        """The pid. Raises StartFailed."""
        reply = await self._client.call(
            _START,
            pb.StartRequest(container_id=container_id, exec_id=exec_id),
            what=f"start {_name(container_id, exec_id)}",
            timeout=PROCESS_TIMEOUT,
            starting="" if exec_id else "failed to start task for container: ",
        )
        return reply.pid

    async def add_exec(self, container_id: str, exec_id: str, process: Mapping[str, object], stdio: Stdio) -> None:
        """Registers a further process (OCI runtime-spec, "Process") for `start`. Conflict where the id is taken."""
        request = pb.ExecProcessRequest(
            container_id=container_id,
            exec_id=exec_id,
            stdin=stdio.stdin,
            stdout=stdio.stdout,
            stderr=stdio.stderr,
            terminal=stdio.terminal,
            spec=json_any(PROCESS, process),
        )
        what = f"add {_name(container_id, exec_id)}"
        await self._client.call(_EXEC, request, what=what, timeout=PROCESS_TIMEOUT)

    async def kill(self, container_id: str, signal: int, *, exec_id: str = "", everyone: bool = False) -> None:
        """Sends a signal to one process, or to all in the container. NotFound where it has ended already."""
        request = pb.KillRequest(container_id=container_id, exec_id=exec_id, signal=signal, all=everyone)
        what = f"send signal {signal} to {_name(container_id, exec_id)}"
        await self._client.call(_KILL, request, what=what)

    async def delete(self, container_id: str, exec_id: str = "") -> TaskExit:
        """Frees an ended process; what containerd knew of its end. Conflict while it runs."""
        what = f"delete {_name(container_id, exec_id)}"
        if exec_id:
            request = pb.DeleteProcessRequest(container_id=container_id, exec_id=exec_id)
            reply = await self._client.call(_DELETE_PROCESS, request, what=what, timeout=PROCESS_TIMEOUT)
        else:
            task = pb.DeleteTaskRequest(container_id=container_id)
            reply = await self._client.call(_DELETE, task, what=what, timeout=PROCESS_TIMEOUT)
        return TaskExit(
            container_id=container_id,
            exec_id=exec_id,
            pid=reply.pid,
            status=reply.exit_status,
            exited_at=nanoseconds(reply.exited_at),
        )

    async def pause(self, container_id: str) -> None:
        request = pb.PauseTaskRequest(container_id=container_id)
        await self._client.call(_PAUSE, request, what=f"pause container {container_id}")

    async def resume(self, container_id: str) -> None:
        request = pb.ResumeTaskRequest(container_id=container_id)
        await self._client.call(_RESUME, request, what=f"resume container {container_id}")

    async def resize(self, container_id: str, *, width: int, height: int, exec_id: str = "") -> None:
        """Sets the size of the process's terminal, in characters."""
        request = pb.ResizePtyRequest(container_id=container_id, exec_id=exec_id, width=width, height=height)
        what = f"resize the terminal of {_name(container_id, exec_id)}"
        await self._client.call(_RESIZE, request, what=what)

    async def close_stdin(self, container_id: str, exec_id: str = "") -> None:
        """Lets go of the shim's own writing end, so that the process sees the end once ours is closed too."""
        request = pb.CloseIORequest(container_id=container_id, exec_id=exec_id, stdin=True)
        await self._client.call(_CLOSE_IO, request, what=f"close stdin of {_name(container_id, exec_id)}")

    async def update(self, container_id: str, resources: Mapping[str, object]) -> None:
        """New limits (OCI runtime-spec, "Linux resources"); those not named stay."""
        request = pb.UpdateTaskRequest(container_id=container_id, resources=json_any(RESOURCES, resources))
        await self._client.call(_UPDATE, request, what=f"update container {container_id}", timeout=PROCESS_TIMEOUT)

    async def pids(self, container_id: str) -> list[int]:
        """All processes in the container's cgroup, in the host's numbering."""
        request = pb.ListPidsRequest(container_id=container_id)
        reply = await self._client.call(_PIDS, request, what=f"list the processes of container {container_id}")
        return [process.pid for process in reply.processes]

    async def get(self, container_id: str, exec_id: str = "") -> TaskState:
        request = pb.GetRequest(container_id=container_id, exec_id=exec_id)
        reply = await self._client.call(_GET, request, what=f"look at {_name(container_id, exec_id)}")
        return _state(reply.process, container_id, exec_id)

    async def list(self) -> list[TaskState]:
        """Every container's first process; execs are not listed by containerd and must be asked for one by one."""
        reply = await self._client.call(_LIST, pb.ListTasksRequest(), what="list tasks")
        return [_state(process, process.container_id or process.id, "") for process in reply.tasks]


def _name(container_id: str, exec_id: str) -> str:
    return f"exec {exec_id} of container {container_id}" if exec_id else f"the task of container {container_id}"


def _state(process: task_pb2.Process, container_id: str, exec_id: str) -> TaskState:
    return TaskState(
        container_id=container_id,
        exec_id=exec_id,
        status=_STATUS.get(process.status, TaskStatus.UNKNOWN),
        pid=process.pid,
        exit_status=process.exit_status,
        exited_at=nanoseconds(process.exited_at),
    )
