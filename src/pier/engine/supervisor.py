"""Keeps the records true: hears what the runtime reports, and compares with it whenever the connection is new.

The subscription comes first, the list second, and both go through the same idempotent functions: an exit is then
neither missed nor counted twice. Exits that happened while pierd was away are found in the list, where containerd still
holds the task with its code and time.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from pier.domain.container import Container, Status
from pier.domain.errors import NotFound, PierError
from pier.domain.record import Put
from pier.domain.runtime import Connected, RuntimeEvent, TaskExit, TaskOom, TaskState, TaskStatus
from pier.engine.containers.create import actor_attributes
from pier.engine.containers.ending import end_task
from pier.engine.containers.exits import Exits, without_addresses
from pier.engine.containers.lifecycle import Lifecycle
from pier.engine.containers.remove import Removal
from pier.engine.containers.restart import comes_up_with_engine, needed_by
from pier.engine.containers.taking_up import take_up_streams
from pier.engine.context import Context
from pier.engine.execs import Execs
from pier.engine.health import HealthChecks
from pier.engine.sweep import Sweep

_log = logging.getLogger(__name__)
TAKEN_UP_AT_ONCE = 32  # containers whose streams are opened again after a start
LOOK_AGAIN = 0.1  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds between attempts to list the tasks, or to record an exit
RETRY_PAUSE = 1.0  # seconds until a start that could not even be recorded as failed is tried again
OTHERS_LOOKS = 600  # so often does a restart look whether those whose namespaces it shares are up: a minute
LOST = "the process was gone when pierd looked for it: the host was restarted, or its shim or containerd was killed"


class Supervisor:
    def __init__(
        self, context: Context, exits: Exits, execs: Execs, lifecycle: Lifecycle, removal: Removal, health: HealthChecks
    ) -> None:
        self._context = context
        self._exits = exits
        self._execs = execs
        self._lifecycle = lifecycle
        self._removal = removal
        self._health = health
        self._sweep = Sweep(context)
        self._swept = False
        self._connections = 0
        self._reconciling = asyncio.Lock()
        self.agreed = asyncio.Event()  # the records agreed with containerd at least once: what is told is true
        self.reconciled = asyncio.Event()  # and all that a pierd before this one has left is taken up or away
        exits.after_exit = self._after_exit
        lifecycle.after_start = health.watch
        lifecycle.after_failed_start = self._after_failed_start

    async def run(self) -> None:
        """Never returns; ends when cancelled."""
        async for event in self._context.ports.runtime_events.subscribe():
            self._hear(event)

    def _hear(self, event: RuntimeEvent) -> None:
        jobs = self._context.jobs
        match event:
            case Connected():
                self._connections += 1
                jobs.spawn(self._reconcile(self._connections), "reconcile")
            case TaskExit(exec_id="") as exit_:
                jobs.spawn(self._settle(exit_), f"exit of {exit_.container_id}")
            case TaskExit() as exit_:
                jobs.spawn(self._execs.settle(exit_), f"exit of exec {exit_.exec_id}")
            case TaskOom(container_id=container_id):
                jobs.spawn(self._note_oom(container_id), f"oom of {container_id}")

    async def _settle(self, exit_: TaskExit, reason: str = "") -> None:
        """An exit is told once. What cannot be recorded now, as when the disk is full, is tried again until it can."""
        try:
            await self._exits.settle(exit_, reason=reason)
        except PierError as error:
            _log.error("the exit of container %s is not recorded yet: %s", exit_.container_id, error.message)
            self._context.jobs.spawn(self._settle_later(exit_, reason), f"exit of {exit_.container_id}")

    async def _settle_later(self, exit_: TaskExit, reason: str) -> None:
        pause = FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            with suppress(PierError):
                return await self._exits.settle(exit_, reason=reason)

    async def _note_oom(self, container_id: str) -> None:
        """A report may come after that of the exit: it is then not of the next run, and the exit has told of it."""
        memory, live = self._context.memory, self._context.live
        if container_id not in memory.containers:
            return
        async with live.lock(container_id):  # which whoever records an exit holds
            container = memory.containers.get(container_id)
            if container is None:
                return
            if container.state.has_task:
                live.note_oom(container_id)
            elif container.state.oom_killed:
                return
            await memory.commit(memory.event("container", "oom", container_id, actor_attributes(container)))

    # -- what follows an exit -------------------------------------------------------------------------------

    async def _after_exit(self, container: Container) -> None:
        self._health.forget(container.id)
        try:
            await self._execs.settle_all(container.id)
        except PierError as error:
            _log.warning("cannot settle the execs of container %s: %s", container.id, error.message)
        if container.state.status is Status.RESTARTING:
            self._schedule(container)
        elif container.host_config.auto_remove and not self._context.live.is_restarting(container.id):
            self._context.jobs.spawn(self._auto_remove(container.id), f"auto-remove {container.id}")

    def _after_failed_start(self, container: Container) -> None:
        if container.state.status is Status.RESTARTING:  # its time has passed where a new one could not be recorded
            self._schedule(container, if_past=RETRY_PAUSE)
        elif container.host_config.auto_remove:
            self._context.jobs.spawn(self._auto_remove(container.id), f"auto-remove {container.id}")

    async def _auto_remove(self, container_id: str) -> None:
        with suppress(NotFound):
            await self._removal.remove(container_id, volumes=True)

    def _schedule(self, container: Container, *, if_past: float = 0) -> None:
        self._context.jobs.spawn(self._start_when_due(container, if_past), f"restart {container.id}")

    async def _start_when_due(self, container: Container, if_past: float) -> None:
        """At its time; where that is past, in so many seconds."""
        due = container.state.restart_at
        left = (due - self._context.memory.clock.now()) / 1e9
        await asyncio.sleep(left if left > 0 else if_past)
        await self._others_first(container)
        await self._lifecycle.start_again(container.id, due)

    async def _others_first(self, container: Container) -> None:
        """Waits while a container that this one cannot start without is itself about to be started again."""
        containers = self._context.memory.containers
        for _ in range(OTHERS_LOOKS):
            needed = [containers[other] for other in needed_by(container) if other in containers]
            if not any(other.state.status is Status.RESTARTING for other in needed):
                return
            await asyncio.sleep(LOOK_AGAIN)

    # -- reconciling ----------------------------------------------------------------------------------------

    async def _reconcile(self, connection: int) -> None:
        """Compares the records with containerd's tasks, and once after a start of pierd also what lies about.

        Tries until it has the tasks, or a newer connection does: nobody else would find what was missed.
        """
        pause = FIRST_PAUSE
        while connection == self._connections:
            try:
                await self._context.ports.containerd.prepare()
                tasks = {task.container_id: task for task in await self._context.ports.tasks.list()}
                break
            except PierError as error:
                _log.warning("cannot list the tasks: %s", error.message)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return
        async with self._reconciling:
            await self._agree(tasks)
        if not self._swept:
            self._swept = True
            try:
                await self._sweep.run(tasks)
            finally:
                self.reconciled.set()

    async def _agree(self, tasks: Mapping[str, TaskState]) -> None:
        for container in list(self._context.memory.containers.values()):
            try:
                await self._compare(container, tasks.get(container.id))
            except PierError as error:
                _log.warning("cannot reconcile container %s: %s", container.id, error.message)
        try:
            await self._execs.catch_up()
        except PierError as error:
            _log.warning("cannot look after the execs: %s", error.message)
        self.agreed.set()
        await self._take_up_all()

    async def _take_up_all(self) -> None:
        """The streams and processes of all that run, some at a time, as that is mostly waiting; who ends meanwhile has
        its own.
        """
        places = asyncio.Semaphore(TAKEN_UP_AT_ONCE)

        async def take_up(container_id: str) -> None:
            async with places, self._context.live.lock(container_id):
                container = self._context.memory.containers.get(container_id)
                if container is None or not container.state.has_task:
                    return
                try:
                    await take_up_streams(self._context, container)
                    await self._context.ports.inits.take_up(container.id, container.state.pid)
                except PierError as error:  # the others are taken up all the same
                    _log.error("cannot take up container %s: %s", container_id, error.message)

        async with asyncio.TaskGroup() as group:
            for container in list(self._context.memory.containers.values()):
                if container.state.has_task and self._context.live.stream(container.id) is None:
                    group.create_task(take_up(container.id), name=f"take up {container.id}")

    async def _compare(self, container: Container, task: TaskState | None) -> None:
        if container.state.has_task:
            await self._compare_running(container, task)
            return
        if self._swept:  # only after a start can a record be older than what containerd has
            if task is not None:  # of an exit that could not be cleaned up after, or of a start that is on its way
                self._context.jobs.spawn(self._undo_unrecorded(container), f"undo what runs of {container.id}")
            return
        if task is not None:
            await self._undo_unrecorded(container)
        match container.state.status:
            case Status.RESTARTING:
                self._schedule(container)
            case Status.REMOVING:
                await self._finish_removal(container)
            case Status.EXITED if container.host_config.auto_remove:
                self._context.jobs.spawn(self._auto_remove(container.id), f"auto-remove {container.id}")
            case Status.EXITED if comes_up_with_engine(container):
                await self._bring_up(container)

    async def _bring_up(self, container: Container) -> None:
        """A start of the engine is a new beginning for `always`, also for one that was stopped by hand."""
        async with self._context.live.lock(container.id):
            now = self._context.memory.containers.get(container.id)
            if now is None or now.state.status is not Status.EXITED:
                return
            due = self._context.memory.clock.now()
            state = replace(now.state, status=Status.RESTARTING, stopped_by_user=False, restart_at=due, backoff=0)
            now = replace(now, state=state)
            await self._context.memory.commit(Put(now))
        self._schedule(now)

    async def _compare_running(self, container: Container, task: TaskState | None) -> None:
        if task is None or task.pid != container.state.pid:
            task = await self._look_again(container)
        if task is None:
            await self._settle_lost(container)
        elif task.status is TaskStatus.STOPPED:
            exit_ = TaskExit(
                container_id=container.id,
                exec_id="",
                pid=task.pid,
                status=task.exit_status,
                exited_at=task.exited_at,
            )
            await self._settle(exit_)
        else:
            await self._agree_on_pause(container, task)
            self._health.watch(container)

    async def _settle_lost(self, container: Container) -> None:
        """containerd knows nothing of it any more; perhaps the kernel does."""
        pid = container.state.pid
        end = await self._context.ports.inits.end_of(container.id, pid)
        exited_at = (end and end.ended_at) or self._context.memory.clock.now()
        status, reason = (end.status, "") if end else (255, LOST)
        exit_ = TaskExit(container_id=container.id, exec_id="", pid=pid, status=status, exited_at=exited_at)
        await self._settle(exit_, reason)

    async def _look_again(self, container: Container) -> TaskState | None:
        """The task of this run; it may have been started while the list was on its way."""
        with suppress(NotFound):
            task = await self._context.ports.tasks.get(container.id)
            if task.pid == container.state.pid:
                return task
        return None

    async def _agree_on_pause(self, container: Container, task: TaskState) -> None:
        if (container.state.status is Status.PAUSED) == (task.status is TaskStatus.PAUSED):
            return
        async with self._context.live.lock(container.id):  # and what somebody has done since does not count
            now = self._context.memory.containers.get(container.id)
            seen = await self._look_again(now) if now is not None and now.state.has_task else None
            if now is not None and seen is not None:
                status = Status.PAUSED if seen.status is TaskStatus.PAUSED else Status.RUNNING
                await self._context.memory.commit(Put(replace(now, state=replace(now.state, status=status))))

    async def _undo_unrecorded(self, container: Container) -> None:
        """pierd died between making a task and recording it: nobody was told of a start, so there was none.

        The same for a task whose exit is recorded but which was not deleted any more.
        """
        async with self._context.live.lock(container.id):
            now = self._context.memory.containers.get(container.id)
            if now is None or now.state.has_task:  # removed, or a start that was on its way is recorded by now
                return
            try:
                await end_task(self._context.ports.tasks, container.id)
            except PierError as error:
                _log.error("a start of container %s was cut off and cannot be undone: %s", container.id, error.message)
            await self._exits.clean(now)
            await self._context.memory.commit(Put(without_addresses(self._context.memory.containers[now.id])))

    async def _finish_removal(self, container: Container) -> None:
        async with self._context.live.lock(container.id):
            if container.id in self._context.memory.containers:
                await self._removal.destroy(container, volumes=False)
