"""start, stop, restart, kill, pause, unpause, rename: the verbs that change whether and how a container runs."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from pier.domain.container import Container, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, NotModified, PierError, Unavailable
from pier.domain.record import Change, Put
from pier.domain.signals import parse_signal
from pier.engine.containers.create import actor_attributes, reserved_name
from pier.engine.containers.ending import as_ended
from pier.engine.containers.endpoints import renamed
from pier.engine.containers.launch import Launcher
from pier.engine.containers.naming import has_resolver, serve_names
from pier.engine.containers.validate import check_name
from pier.engine.context import Context
from pier.engine.live import Outcome

_log = logging.getLogger(__name__)
SIGKILL = 9
DEFAULT_STOP_TIMEOUT = 10  # seconds
ENTER_PATIENCE = 20  # seconds that a pause waits for an exec on its way
PROGRAM_PATIENCE = 1  # second that a signal waits for the runtime to become the container's program
KILL_PATIENCE = 10  # seconds that SIGKILL may take until the exit is settled
_MARKED = "container is marked for removal and cannot be started"


class Lifecycle:
    def __init__(self, context: Context, launcher: Launcher) -> None:
        self._context = context
        self._launcher = launcher
        # Set by whoever builds the use cases: health checks begin, an AutoRemove container that failed to start goes.
        self.after_start: Callable[[Container], None] = lambda container: None
        self.after_failed_start: Callable[[Container], None] = lambda container: None

    # -- start --------------------------------------------------------------------------------------------------------

    async def start(self, ref: str) -> None:
        """Raises NotModified if it runs or a restart policy will start it, Conflict while it is paused or removed, and
        what Launcher.launch raises.
        """
        container = self._context.memory.container(ref)
        await self._context.jobs.finish(self._start(container.id), f"start {container.id}")

    async def _start(self, container_id: str) -> None:
        async with self._context.live.lock(container_id):
            container = self._context.memory.container(container_id)
            match container.state.status:
                case Status.RUNNING | Status.RESTARTING:  # between two runs, too: the policy starts it
                    raise NotModified(f"container {container_id} is already running")
                case Status.PAUSED:
                    raise Conflict("cannot start a paused container, try unpause instead")
                case Status.REMOVING | Status.DEAD:
                    raise Conflict(_MARKED)
            if self._context.live.is_removing(container_id):
                raise Conflict(_MARKED)
            fresh = replace(container, restart_count=0, state=replace(container.state, backoff=0))
            await self._launch(fresh)

    async def start_again(self, container_id: str, due: int) -> None:
        """A restart policy's own start, unless something has happened to the container meanwhile."""
        if container_id not in self._context.memory.containers:  # its lock would come to life again
            return
        async with self._context.live.lock(container_id):
            container = self._context.memory.containers.get(container_id)
            if not container or container.state.status is not Status.RESTARTING or container.state.restart_at != due:
                return
            try:
                await self._launch(container)
            except PierError as error:
                state = self._context.memory.container(container_id).state
                if state.status is not Status.RESTARTING:  # there will be no further run: who waits for the end has it
                    self._context.live.exited(container_id, Outcome(state.exit_code, error.message))
                raise

    async def _launch(self, container: Container) -> None:
        if self._context.live.is_closing:
            raise Unavailable(
                "the containers of this engine are being shut down: start pierd anew to start any of them"
            )
        try:
            started = await self._launcher.launch(container)
        except PierError:
            self.after_failed_start(self._context.memory.containers.get(container.id, container))
            raise
        self.after_start(started)

    # -- stop and kill ------------------------------------------------------------------------------------------------

    async def stop(self, ref: str, timeout: int | None = None, signal: str = "") -> None:
        """Sends the stop signal, waits `timeout` seconds (-1: for ever), then SIGKILL.

        Raises NotModified if it does not run.
        """
        container = await self.settled(self._context.memory.container(ref))
        if not container.state.is_running:
            raise NotModified(f"container {container.id} is already stopped")
        try:
            await self._context.jobs.finish(self._stop(container, timeout, signal), f"stop {container.id}")
        except InvalidArgument as error:
            raise InvalidArgument(f"cannot stop container: {ref}: {error.message}") from error

    async def _stop(self, container: Container, timeout: int | None, signal: str) -> None:
        number = parse_signal(signal or container.config.stop_signal or "SIGTERM")
        if timeout is None:
            own = container.config.stop_timeout
            timeout = DEFAULT_STOP_TIMEOUT if own is None else own
        with self._context.live.stopping(container.id):
            exited = self._context.live.expect_exit(container.id)
            try:
                await self._bring_down(container, number, timeout, exited)
            finally:
                exited.cancel()

    async def _bring_down(
        self, container: Container, number: int, timeout: int, exited: "asyncio.Future[Outcome]"
    ) -> None:
        if not await self._mark_stopped(container.id):
            return
        await self._signal(container.id, number)
        await self._thaw(container.id)
        if not await _done_within(exited, None if timeout < 0 else timeout):
            await self._signal(container.id, SIGKILL)
            await self._require_down(exited, container.id)

    async def settled(self, container: Container) -> Container:
        """It as it is once a start on its way has ended: its first output is seen before its start is recorded.

        Raises NotFound when it has been removed meanwhile.
        """
        if container.state.is_running:
            return container
        async with self._context.live.lock(container.id):
            return self._context.memory.container(container.id)

    async def _mark_stopped(self, container_id: str) -> bool:
        """Writes down, before any signal, that the user wants it down; False if there is no process to signal."""
        memory = self._context.memory
        async with self._context.live.lock(container_id):
            container = memory.container(container_id)
            by_user = container.state.stopped_by_user or not self._context.live.is_closing
            state = replace(container.state, stopped_by_user=by_user)
            if container.state.status is Status.RESTARTING:
                state = replace(state, status=Status.EXITED, restart_at=0)
                changes: list[Change] = [Put(replace(container, state=state))]
                if self._context.live.is_stopping(container_id):
                    changes.append(memory.event("container", "stop", container_id, actor_attributes(container)))
                await memory.commit(*changes)
                self._context.live.exited(container_id, Outcome(state.exit_code))
            elif container.state.has_task:
                try:
                    await memory.commit(Put(replace(container, state=state)))
                except PierError as error:  # perhaps it is what fills the disk: it must come down all the same
                    _log.error("the stop of container %s cannot be recorded yet: %s", container_id, error.message)
                    self._context.live.note_stop(container_id, by_user=by_user)
            return container.state.has_task

    async def _signal(self, container_id: str, number: int) -> None:
        """A process that has ended meanwhile is no error; its exit is on the way, or recorded by now."""
        memory = self._context.memory
        async with self._context.live.lock(container_id):  # its exit is recorded after the signal that caused it
            container = memory.containers.get(container_id)
            if container is None or not container.state.has_task:
                return
            if number != SIGKILL:  # for a moment it is the runtime's own, which would end by it with a code of its own
                await self._context.ports.host.wait_for_program(container.state.pid, PROGRAM_PATIENCE)
            async with self._context.gate.ending():
                with suppress(NotFound):
                    await self._context.ports.tasks.kill(container_id, number)
            attributes = actor_attributes(container, signal=str(number))
            try:
                await memory.commit(memory.event("container", "kill", container_id, attributes))
            except PierError as error:
                _log.warning("the event kill of container %s is lost: %s", container_id, error.message)

    async def _thaw(self, container_id: str) -> None:
        """A frozen process cannot act on a signal."""
        container = self._context.memory.containers.get(container_id)
        if container is not None and container.state.status is Status.PAUSED:
            with suppress(PierError):  # it has ended, or somebody else was faster
                await self.unpause(container_id)

    async def _require_down(self, exited: asyncio.Future[Outcome], container_id: str) -> None:
        if not await _done_within(exited, KILL_PATIENCE):
            raise PierError(
                f"container {container_id} did not end within {KILL_PATIENCE} s of SIGKILL: its process may hang "
                "in the kernel (see `ps -o stat,wchan`), or containerd does not report its exit"
            )

    async def kill(self, ref: str, signal: str = "") -> None:
        """Sends a signal (default SIGKILL). SIGKILL is answered once the container is down.

        A paused container goes on to act on it; one with a stop signal of its own does so for that alone.
        Between two runs there is nothing to signal; SIGKILL and the stop signal then call the next run off.
        """
        try:
            number = parse_signal(signal or "SIGKILL")
            container = self._context.memory.container(ref)
        except (InvalidArgument, NotFound) as error:
            raise type(error)(f"cannot kill container: {ref}: {error.message}") from error
        container = await self.settled(container)
        if not container.state.is_running:
            raise Conflict(f"cannot kill container: {ref}: container {container.id} is not running")
        await self._context.jobs.finish(self._kill(container, number), f"kill {container.id}")

    async def _kill(self, container: Container, number: int) -> None:
        exited = self._context.live.expect_exit(container.id)
        stop_signal = parse_signal(container.config.stop_signal or "SIGTERM")
        try:
            if number in (SIGKILL, stop_signal) and not await self._mark_stopped(container.id):
                return
            await self._signal(container.id, number)
            if not container.config.stop_signal or number in (SIGKILL, stop_signal):
                await self._thaw(container.id)
            if number == SIGKILL:
                await self._require_down(exited, container.id)
        finally:
            exited.cancel()  # most signals end nothing

    async def restart(self, ref: str, timeout: int | None = None, signal: str = "") -> None:
        """stop, if it runs, and start."""
        container = self._context.memory.container(ref)
        await self._context.jobs.finish(self._restart(container, timeout, signal), f"restart {container.id}")

    async def _restart(self, container: Container, timeout: int | None, signal: str) -> None:
        with self._context.live.restarting(container.id):
            if container.state.is_running:
                await self._stop(container, timeout, signal)
            with suppress(NotModified):
                await self._start(container.id)
        memory = self._context.memory
        await memory.commit(memory.event("container", "restart", container.id, actor_attributes(container)))

    # -- pause, unpause, rename ---------------------------------------------------------------------------------------

    async def pause(self, ref: str) -> None:
        container = self._context.memory.container(ref)
        async with self._context.live.lock(container.id):
            container = self._context.memory.container(container.id)
            if container.state.status is Status.PAUSED:
                raise Conflict(f"Container {container.id} is already paused")
            container.require_running()
            if not await self._context.live.all_entered(container.id, ENTER_PATIENCE):
                raise Unavailable(f"a process is being started in container {container.id}: pause it when that is done")
            async with as_ended(self._context.ports.tasks, container.id):
                await self._context.ports.tasks.pause(container.id)
            await self._put_status(container, Status.PAUSED, "pause")

    async def unpause(self, ref: str) -> None:
        """Raises PierError (500, as dockerd) when it is not paused."""
        container = self._context.memory.container(ref)
        async with self._context.live.lock(container.id):
            container = self._context.memory.container(container.id)
            if container.state.status is not Status.PAUSED:
                raise PierError(f"Container {container.id} is not paused")
            async with as_ended(self._context.ports.tasks, container.id):
                await self._context.ports.tasks.resume(container.id)
            await self._put_status(container, Status.RUNNING, "unpause")

    async def _put_status(self, container: Container, status: Status, action: str) -> None:
        memory = self._context.memory
        changed = replace(container, state=replace(container.state, status=status))
        await memory.commit(Put(changed), memory.event("container", action, container.id, actor_attributes(container)))

    async def rename(self, ref: str, new_name: str) -> None:
        """Raises InvalidArgument for a bad or unchanged name, Conflict for one that is taken."""
        memory = self._context.memory
        container = memory.container(ref)
        new_name = new_name.removeprefix("/")
        if not new_name:
            raise InvalidArgument("Neither old nor new names may be empty")
        if new_name == container.name:
            raise InvalidArgument("Renaming a container with the same name as its current name")
        with _allocating():
            check_name(new_name, f"/{new_name}")
        async with self._context.live.lock(container.id):
            container = memory.container(container.id)
            after = replace(container, name=new_name, endpoints=renamed(container, new_name))
            attributes = actor_attributes(after, oldName=f"/{container.name}")
            with _allocated(self._context, new_name):
                await memory.commit(
                    Put(after), memory.event("container", "rename", container.id, attributes), durable=True
                )
            if after.state.has_task and has_resolver(after.endpoints.values()):
                await serve_names(self._context, after, after.endpoints.values())


@contextmanager
def _allocated(context: Context, name: str) -> Iterator[None]:
    with ExitStack() as reservation:
        with _allocating():
            reservation.enter_context(reserved_name(context, name))
        yield


@contextmanager
def _allocating() -> Iterator[None]:
    try:
        yield
    except (Conflict, InvalidArgument) as error:
        raise type(error)(f"Error when allocating new name: {error.message}") from error


async def _done_within(exited: asyncio.Future[Outcome], seconds: float | None) -> bool:
    done, _ = await asyncio.wait({exited}, timeout=seconds)
    return bool(done)
