"""`docker exec`: a further process in a running container."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field, replace

from pier.domain import ids
from pier.domain.container import Container, Exec, ExecConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError, StartFailed
from pier.domain.runtime import ProcessUser, TaskExit, TaskStatus
from pier.engine.containers import links
from pier.engine.containers.attach import Attachment
from pier.engine.containers.defaults import default_ulimits, with_defaults
from pier.engine.containers.ending import as_ended
from pier.engine.containers.keys import parse_detach_keys
from pier.engine.containers.telling import tell
from pier.engine.context import Context
from pier.engine.ports import Stream
from pier.engine.together import together
from pier.oci.process import exec_process

_log = logging.getLogger(__name__)
KEPT_AFTER_END = 5 * 60  # seconds that a finished exec can still be inspected
READY_PATIENCE = 10  # seconds that a resize waits for the process


@dataclass(slots=True)
class _Session:
    """An exec and what is alive of it."""

    exec: Exec
    command: str
    stream: asyncio.Future[Stream]
    init: int  # the pid of the run of the container that it was made for
    started: asyncio.Event = field(default_factory=asyncio.Event)
    settled: bool = False


class Execs:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._sessions: dict[str, _Session] = {}

    async def create(self, ref: str, config: ExecConfig) -> str:
        """The id of an exec that may be started once.

        Raises InvalidArgument (no command, unknown user, bad keys), NotFound, Conflict (not running, paused).
        """
        if not config.cmd:
            raise InvalidArgument("No exec command specified")
        parse_detach_keys(config.detach_keys)
        container = self._running(ref)
        async with as_ended(self._context.ports.tasks, container.id):
            await self._look_up_user(container, config)
        exec_id = ids.new_id()
        self._sessions[exec_id] = _Session(
            exec=Exec(id=exec_id, container_id=container.id, config=config),
            command=_command(config),
            stream=asyncio.get_running_loop().create_future(),
            init=container.state.pid,
        )
        try:
            await self._publish(self._sessions[exec_id].exec, f"exec_create: {_command(config)}")
        except BaseException:
            del self._sessions[exec_id]  # nobody has its id
            raise
        return exec_id

    def _running(self, ref: str) -> Container:
        container = self._context.memory.container(ref)
        container.require_running()
        container.require_not_paused(ref)
        return container

    async def _look_up_user(self, container: Container, config: ExecConfig) -> ProcessUser:
        try:
            return await self._context.ports.host.look_up_user(
                config.user or container.config.user, container.host_config.group_add, pid=container.state.pid
            )
        except NotFound as error:
            raise InvalidArgument(error.message) from error

    async def _publish(self, exec_: Exec, action: str, **extra: str) -> None:
        container = self._context.memory.containers.get(exec_.container_id)
        if container is not None:
            try:
                await tell(self._context, container, action, execID=exec_.id, **extra)
            except PierError as error:  # it changes nothing: the exec goes on, and ends, as if it were published
                _log.warning("the event %s of exec %s is lost: %s", action, exec_.id, error.message)

    def inspect(self, exec_id: str) -> Exec:
        return self._session(exec_id).exec

    def _session(self, exec_id: str) -> _Session:
        if exec_id not in self._sessions:
            raise NotFound(f"No such exec instance: {exec_id}")
        return self._sessions[exec_id]

    async def start(
        self, exec_id: str, *, detach: bool, console_size: tuple[int, int] | None = None
    ) -> Attachment | None:
        """Starts it; an attachment to its streams unless detached.

        A start that fails raises when detached; else its text arrives as output. A second start is Conflict.
        """
        session = self._session(exec_id)
        self._running(session.exec.container_id)
        if session.exec.started:
            state = "is already running" if session.exec.exit_code is None else "has already run"
            raise Conflict(f"exec command {exec_id} {state}")
        session.exec = replace(session.exec, started=True)
        if console_size is not None:
            config = replace(session.exec.config, console_size=console_size)
            session.exec = replace(session.exec, config=config)
        starting = self._context.jobs.finish(self._start(session), f"exec {exec_id}")
        if detach:
            try:
                await starting
            except StartFailed as error:
                raise InvalidArgument(error.message) from error
            return None
        attachment = self._attachment(session)
        try:
            await starting
        except BaseException as error:
            attachment.close()  # also for a client that has gone: output that nobody takes holds the process back
            if isinstance(error, PierError):
                return _failed(session, error)
            raise
        return attachment

    def _attachment(self, session: _Session) -> Attachment:
        config = session.exec.config
        return Attachment(
            session.stream,
            terminal=config.tty,
            stdout=config.attach_stdout,
            stderr=config.attach_stderr,
            stdin=config.attach_stdin,
            closes_stdin=True,
            keys=parse_detach_keys(config.detach_keys) if config.tty else None,
            on_detach=lambda: self._note_detach(session),
            on_stdin_closed=lambda: self._close_stdin(session.exec),
        )

    async def _note_detach(self, session: _Session) -> str:
        """As dockerd: for who asks the exec has ended with 126, while its process goes on."""
        session.exec = replace(session.exec, running=False, exit_code=126)
        return "exec attach failed: error on attach stdin: read escape sequence\r\n"

    async def _close_stdin(self, exec_: Exec) -> None:
        with suppress(PierError):
            await self._context.ports.tasks.close_stdin(exec_.container_id, exec_.id)

    async def _start(self, session: _Session) -> None:
        exec_, ports = session.exec, self._context.ports
        container = self._running(exec_.container_id)
        try:
            async with as_ended(ports.tasks, container.id), AsyncExitStack() as undo:
                stream, user = await together(
                    self._open_stream(exec_, undo), self._look_up_user(container, exec_.config)
                )
                pid = await self._run(container, exec_, stream, user, session, undo)
                undo.pop_all()
        except Exception as error:
            self._failed_to_start(session, error)
            raise
        session.exec = replace(session.exec, running=True, pid=pid)
        self._context.live.execs(container.id).add(exec_.id)
        await self._publish(exec_, f"exec_start: {session.command}")
        session.started.set()
        now = self._context.memory.containers.get(container.id)
        if now is None or now.state.pid != container.state.pid:  # it ended before this was known to have started
            await self._settle_lost(session)

    async def _open_stream(self, exec_: Exec, undo: AsyncExitStack) -> Stream:
        stream = await self._context.ports.streams.open(
            exec_.container_id,
            exec_.id,
            stdin=exec_.config.attach_stdin,
            terminal=exec_.config.tty,
            log=None,
            log_path="",
        )
        undo.push_async_callback(stream.abandon)
        return stream

    async def _run(
        self,
        container: Container,
        exec_: Exec,
        stream: Stream,
        user: ProcessUser,
        session: _Session,
        undo: AsyncExitStack,
    ) -> int:
        ports = self._context.ports
        process = exec_process(
            with_defaults(container, self._context.config),
            exec_.config,
            user,
            self._context.facts,
            hostname=container.config.hostname,
            extra_env=links.environment(self._context, container),
            default_ulimits=default_ulimits(self._context.config),
        )
        live = self._context.live
        with ExitStack() as inside:
            async with live.lock(container.id):  # of who pauses it: it is paused by now, or will not be yet
                self._running(container.id)
                inside.enter_context(live.entering(container.id))
            async with self._context.gate.making():  # within it nobody waits for a lock: who has one may wait for it
                await ports.tasks.add_exec(container.id, exec_.id, process, stream.stdio)
                undo.push_async_callback(self._drop, container.id, exec_.id)
                session.stream.set_result(stream)
                return await ports.tasks.start(container.id, exec_.id)

    async def _free(self, exit_: TaskExit, freed: asyncio.Event) -> None:
        try:
            async with self._context.gate.ending():
                await self._drop(exit_.container_id, exit_.exec_id)
        finally:
            freed.set()

    async def _end_output(self, session: _Session, freed: asyncio.Event) -> None:
        """Mostly while the process is still being deleted: the shim has closed the FIFOs by then."""
        exec_, stream = session.exec, session.stream.result()
        # Published before the end: who has read the output to it (a health check) may publish what follows from it.
        await self._publish(exec_, "exec_die", exitCode=str(exec_.exit_code))
        if not await stream.take_rest():
            await freed.wait()
        await stream.finish()

    async def _drop(self, container_id: str, exec_id: str) -> None:
        with suppress(PierError):
            await self._context.ports.tasks.delete(container_id, exec_id)

    def _failed_to_start(self, session: _Session, error: Exception) -> None:
        code = error.exit_code if isinstance(error, StartFailed) else 126
        session.exec = replace(session.exec, exit_code=code, finished_at=self._context.memory.clock.now())
        session.started.set()
        session.settled = True
        self._forget_later(session)

    async def resize(self, exec_id: str, height: int, width: int) -> None:
        """Waits for the process first.

        Raises NotFound (also for one that has ended), Conflict (the container does not run), InvalidArgument (the start
        has failed), PierError (500) when it does not come.
        """
        session = self._session(exec_id)
        self._running(session.exec.container_id)
        try:
            async with asyncio.timeout(READY_PATIENCE):
                await session.started.wait()
        except TimeoutError:
            raise PierError("timeout waiting for exec session ready") from None
        if not session.exec.pid:
            raise InvalidArgument("exec process is not started")
        if session.settled:
            raise NotFound(f"process does not exist: exec {exec_id} has ended")
        await self._context.ports.tasks.resize(session.exec.container_id, width=width, height=height, exec_id=exec_id)

    async def end(self, exec_id: str) -> None:
        """Kills its process, also one that is only being started: then as soon as it is. Absent is no error."""
        session = self._sessions.get(exec_id)
        if session is None:
            return
        if not session.exec.started:
            del self._sessions[exec_id]
            return
        await session.started.wait()
        if session.exec.running:
            with suppress(PierError):  # it has ended by itself
                await self._context.ports.tasks.kill(session.exec.container_id, 9, exec_id=exec_id)

    async def settle(self, exit_: TaskExit) -> None:
        """Records the end of an exec's process and reads its output to the last byte. Idempotent."""
        session = self._sessions.get(exit_.exec_id)
        if session is None:
            await self._drop(exit_.container_id, exit_.exec_id)
        else:
            await self._settle(session, exit_)

    async def _settle(self, session: _Session, exit_: TaskExit) -> None:
        await session.started.wait()
        if session.settled:
            return
        session.settled = True
        session.exec = replace(session.exec, running=False, exit_code=exit_.status, finished_at=exit_.exited_at)
        self._context.live.execs(exit_.container_id).discard(exit_.exec_id)
        self._forget_later(session)
        freed = asyncio.Event()
        await together(self._free(exit_, freed), self._end_output(session, freed))

    async def catch_up(self) -> None:
        """Asks after each exec that is said to run: a shim tells of an end once, and not for long if nobody listens.

        Raises Unavailable. One that is not there any more has ended without anybody knowing how: 255.
        """
        for session in list(self._sessions.values()):
            exec_ = session.exec
            if not session.started.is_set() or session.settled:
                continue
            status, ended_at = 255, self._context.memory.clock.now()
            with suppress(NotFound):
                state = await self._context.ports.tasks.get(exec_.container_id, exec_.id)
                if state.status is not TaskStatus.STOPPED:
                    continue
                status, ended_at = state.exit_status, state.exited_at
            await self.settle(
                TaskExit(
                    container_id=exec_.container_id, exec_id=exec_.id, pid=exec_.pid, status=status, exited_at=ended_at
                )
            )

    async def settle_all(self, container_id: str) -> None:
        """The container's init has ended, and with it every exec that containerd has not reported yet.

        Those that were never started are forgotten: they were meant for that run.
        """
        now = self._context.memory.containers.get(container_id)
        for session in [item for item in self._sessions.values() if item.exec.container_id == container_id]:
            if not session.exec.started and (now is None or session.init != now.state.pid):
                del self._sessions[session.exec.id]
        # All of them now: those of the next run are to go on.
        ended = [
            session
            for session in self._sessions.values()
            if session.exec.container_id == container_id and session.started.is_set() and not session.settled
        ]
        for session in ended:
            await self._settle_lost(session)

    async def _settle_lost(self, session: _Session) -> None:
        exec_, now = session.exec, self._context.memory.clock.now()
        await self._settle(
            session,
            TaskExit(container_id=exec_.container_id, exec_id=exec_.id, pid=exec_.pid, status=137, exited_at=now),
        )

    def _forget_later(self, session: _Session) -> None:
        asyncio.get_running_loop().call_later(KEPT_AFTER_END, self._sessions.pop, session.exec.id, None)

    def forget(self, container_id: str) -> None:
        """The container is gone and its execs with it."""
        for exec_id in [key for key, item in self._sessions.items() if item.exec.container_id == container_id]:
            del self._sessions[exec_id]


def _command(config: ExecConfig) -> str:
    """As events show it: the program, a space, the arguments; also when there are none."""
    return f"{config.cmd[0]} {' '.join(config.cmd[1:])}"


def _failed(session: _Session, error: PierError) -> Attachment:
    """What an attached client of a failed start gets: the reason, as the process's output."""

    async def reason() -> AsyncIterator[tuple[int, bytes]]:
        yield 1, f"{error.message}\r\n".encode()

    return Attachment(
        session.stream,
        terminal=session.exec.config.tty,
        stdout=True,
        stderr=True,
        replay=lambda _: reason(),
        follow=False,
    )
