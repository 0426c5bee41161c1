"""The contract of Tasks, ContainerObjects and RuntimeEvents."""

import signal

import pytest
from support.containerd_backend import Backend, ended, process

from pier.domain.errors import Conflict, NotFound, StartFailed
from pier.domain.runtime import Connected, Stdio, TaskStatus


async def test_exit_code_and_time_arrive_as_event_and_stay_until_delete(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        async with ended(backend, "c1") as waiting:
            pid = await backend.run("c1", "sh", "-c", "exit 3")
        assert waiting.exit is not None
        assert (waiting.exit.status, waiting.exit.pid) == (3, pid)
        assert waiting.exit.exited_at > 0
        state = await backend.tasks.get("c1")
        assert (state.status, state.exit_status, state.exited_at) == (TaskStatus.STOPPED, 3, waiting.exit.exited_at)
        assert await backend.tasks.delete("c1") == waiting.exit
        with pytest.raises(NotFound):
            await backend.tasks.get("c1")


async def test_life_of_a_task(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.make_container("c1", "sleep", "1000")
        pid = await backend.create_task("c1")
        assert (await backend.tasks.get("c1")).status is TaskStatus.CREATED
        assert await backend.tasks.start("c1") == pid
        listed = await backend.tasks.list()
        assert [(task.container_id, task.exec_id, task.status, task.pid) for task in listed] == [
            ("c1", "", TaskStatus.RUNNING, pid)
        ]
        assert await backend.tasks.pids("c1") == [pid]
        with pytest.raises(Conflict):
            await backend.tasks.delete("c1")
        with pytest.raises(Conflict):
            await backend.create_task("c1")
        async with ended(backend, "c1") as waiting:
            await backend.tasks.kill("c1", signal.SIGKILL)
        assert waiting.exit is not None
        assert waiting.exit.status == 137
        with pytest.raises(NotFound):
            await backend.tasks.kill("c1", signal.SIGKILL)


async def test_pause_and_resume(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.run("c1", "sleep", "1000")
        await backend.tasks.pause("c1")
        assert (await backend.tasks.get("c1")).status is TaskStatus.PAUSED
        await backend.tasks.resume("c1")
        assert (await backend.tasks.get("c1")).status is TaskStatus.RUNNING


async def test_exec_has_its_own_exit(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.run("c1", "sleep", "1000")
        await backend.tasks.add_exec("c1", "e1", process("sh", "-c", "exit 7"), Stdio())
        assert (await backend.tasks.get("c1", "e1")).status is TaskStatus.CREATED
        with pytest.raises(Conflict):
            await backend.tasks.add_exec("c1", "e1", process("true"), Stdio())
        async with ended(backend, "c1", "e1") as waiting:
            pid = await backend.tasks.start("c1", "e1")
        assert waiting.exit is not None
        assert (waiting.exit.status, waiting.exit.pid) == (7, pid)
        assert await backend.tasks.delete("c1", "e1") == waiting.exit
        with pytest.raises(NotFound):
            await backend.tasks.get("c1", "e1")
        assert (await backend.tasks.get("c1")).status is TaskStatus.RUNNING


async def test_running_exec_ends_by_signal_to_it_alone(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.run("c1", "sleep", "1000")
        await backend.tasks.add_exec("c1", "e1", process("sleep", "1000"), Stdio())
        await backend.tasks.start("c1", "e1")
        assert len(await backend.tasks.pids("c1")) == 2
        async with ended(backend, "c1", "e1") as waiting:
            await backend.tasks.kill("c1", signal.SIGKILL, exec_id="e1")
        assert waiting.exit is not None
        assert waiting.exit.status == 137
        assert (await backend.tasks.get("c1")).status is TaskStatus.RUNNING


async def test_missing_command_cannot_be_started(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.make_container("c1", "nosuch")
        with pytest.raises(StartFailed, match="executable file not found") as caught:
            await backend.create_task("c1")
        assert caught.value.exit_code == 127
        with pytest.raises(NotFound):
            await backend.tasks.get("c1")


async def test_missing_command_of_exec_cannot_be_started(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.run("c1", "sleep", "1000")
        await backend.tasks.add_exec("c1", "e1", process("nosuch"), Stdio())
        with pytest.raises(StartFailed, match="executable file not found") as caught:
            await backend.tasks.start("c1", "e1")
        assert caught.value.exit_code == 127


async def test_created_task_can_be_killed_and_deleted(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        await backend.make_container("c1", "sleep", "1000")
        await backend.create_task("c1")
        async with ended(backend, "c1"):
            await backend.tasks.kill("c1", signal.SIGKILL)
        await backend.tasks.delete("c1")
        assert await backend.tasks.list() == []


async def test_unknown_task_is_not_found(backend: Backend) -> None:
    for call in (
        backend.tasks.get("none"),
        backend.tasks.start("none"),
        backend.tasks.kill("none", 9),
        backend.tasks.delete("none"),
        backend.tasks.pause("none"),
        backend.tasks.resume("none"),
        backend.tasks.pids("none"),
        backend.tasks.resize("none", width=80, height=24),
        backend.tasks.close_stdin("none"),
        backend.tasks.update("none", {}),
        backend.tasks.add_exec("none", "e", process("true"), Stdio()),
        backend.containers.delete("none"),
    ):
        with pytest.raises(NotFound):
            await call


async def test_container_objects(backend: Backend) -> None:
    async with backend.leases.hold("test"):
        container = await backend.make_container("c1", "true")
        assert await backend.containers.list_ids() == ["c1"]
        with pytest.raises(Conflict):
            await backend.containers.create(container)
        await backend.containers.delete("c1")
        assert await backend.containers.list_ids() == []


async def test_task_needs_a_container_object(backend: Backend) -> None:
    with pytest.raises(NotFound):
        await backend.tasks.create("none", rootfs=[], stdio=Stdio(), runtime=backend.runtime)


async def test_every_subscriber_is_told_that_it_is_connected(backend: Backend) -> None:
    first, second = backend.events.subscribe(), backend.events.subscribe()
    assert [await anext(first), await anext(second)] == [Connected(), Connected()]
