"""Attaching to a process: its output from now on (or its log first), and a way into its stdin."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from pier.domain.container import Container, Status
from pier.domain.errors import Conflict, PierError
from pier.engine.containers.keys import DetachKeys, parse_detach_keys
from pier.engine.containers.telling import tell
from pier.engine.context import Context
from pier.engine.ports import Output, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachOptions:
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    stream: bool = False
    logs: bool = False
    detach_keys: str = ""


class Detached(PierError):
    """The detach keys were seen in the input; the client is to be let go, the process goes on.

    `told` is what the client is told before that, as dockerd tells who has started an exec.
    """

    def __init__(self, message: str, told: str = "") -> None:
        super().__init__(message)
        self.told = told


class Attachment:
    """One client's hold on the streams of one process, perhaps before that process exists.

    Iterate for (1 stdout or 2 stderr, bytes) until the process has ended and all was read.
    """

    def __init__(
        self,
        stream: asyncio.Future[Stream],
        *,
        terminal: bool,
        stdout: bool,
        stderr: bool,
        stdin: bool = False,
        closes_stdin: bool = False,
        keys: DetachKeys | None = None,
        replay: Callable[[int | None], AsyncIterator[tuple[int, bytes]]] | None = None,
        follow: bool = True,
        on_detach: Callable[[], Awaitable[str]] | None = None,
        on_stdin_closed: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.terminal = terminal
        self._stream = stream
        self._stdout, self._stderr, self._stdin = stdout, stderr, stdin
        self._closes_stdin = closes_stdin
        self._keys = keys
        self._replay = replay
        self._follow = follow
        self._on_detach = on_detach
        self._on_stdin_closed = on_stdin_closed
        self._output: Output | None = None
        self._closed = self._replayed = False
        # Who only writes is attached, too: to an output of nothing, which ends with the process.
        self._has_part = stdout or stderr or stdin
        if follow and self._has_part:
            # Taken the moment the streams exist, before the process starts: the first byte counts too.
            stream.add_done_callback(self._take_output)

    def _take_output(self, stream: asyncio.Future[Stream]) -> None:
        if not self._closed and not stream.cancelled() and stream.exception() is None and self._output is None:
            self._output = stream.result().attach(
                stdout=self._stdout, stderr=self._stderr, after_log=self._replay is not None and not self._replayed
            )

    async def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        if self._replay is not None:
            if self._follow and self._stream.done():
                self._take_output(self._stream)
            # The live output goes on where the log ended when it was taken; one to come is of a later run.
            logged_until = None if self._output is None else self._output.logged_until
            self._replayed = True
            async for chunk in self._replay(logged_until):
                yield chunk
        if not self._follow:
            return
        await asyncio.wait({self._stream})
        # Cancelled: the container was removed before it started.
        if self._stream.cancelled() or self._closed or not self._has_part:
            return
        self._take_output(self._stream)
        assert self._output is not None
        async for chunk in self._output:
            yield chunk

    async def write(self, data: bytes) -> None:
        """Hands input to the process, waiting while it does not read. Raises Detached; Conflict when it is gone."""
        if not self._stdin:
            return
        if self._keys is not None:
            data, detached = self._keys.feed(data)
        else:
            detached = False
        if data:
            await (await self._live_stream()).write_stdin(data)
        if detached:
            told = await self._on_detach() if self._on_detach is not None else ""
            raise Detached("read escape sequence", told)

    async def close_stdin(self) -> bool:
        """The client has nothing more to say; False when that also ends its output (no StdinOnce, or a terminal)."""
        if not self._stdin:
            return True
        if not self._closes_stdin or self.terminal:
            return False
        await (await self._live_stream()).close_stdin()
        if self._on_stdin_closed is not None:
            await self._on_stdin_closed()
        return True

    async def _live_stream(self) -> Stream:
        await asyncio.wait({self._stream})
        if self._stream.cancelled():
            raise Conflict("the container was removed before it started")
        return self._stream.result()

    def close(self) -> None:
        """Lets go; the process is not told."""
        self._closed = True
        self._stream.remove_done_callback(self._take_output)
        if self._output is not None:
            self._output.close()


class Attaching:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def attach(self, ref: str, options: AttachOptions) -> Attachment:
        """Without any stream it is over at once, after the log if that was asked for.

        Raises NotFound; Conflict while paused or restarting; InvalidArgument for bad detach keys.
        """
        container = self._context.memory.container(ref)
        keys = parse_detach_keys(options.detach_keys)
        if container.state.status is Status.PAUSED:
            raise Conflict(f"container {container.id} is paused, unpause the container before attach")
        if container.state.status is Status.RESTARTING:
            raise Conflict(f"container {container.id} is restarting, wait until the container is running")
        config = container.config
        stdin = options.stdin and config.open_stdin and options.stream
        attachment = Attachment(
            self._context.live.next_stream(container.id),
            terminal=config.tty,
            stdout=options.stdout,
            stderr=options.stderr,
            stdin=stdin,
            closes_stdin=config.stdin_once,
            keys=keys if config.tty else None,
            replay=(lambda until: self._replay(container, options, until)) if options.logs else None,
            follow=options.stream and (options.stdout or options.stderr or stdin),
            on_detach=lambda: self._note_detach(container),
            on_stdin_closed=lambda: self._close_task_stdin(container.id),
        )
        try:
            await tell(self._context, container, "attach")
        except BaseException:
            attachment.close()
            raise
        return attachment

    async def _note_detach(self, container: Container) -> str:
        await tell(self._context, container, "detach")
        return ""

    async def _close_task_stdin(self, container_id: str) -> None:
        with suppress(PierError):  # a process that is gone has no stdin to close
            await self._context.ports.tasks.close_stdin(container_id)

    async def _replay(
        self, container: Container, options: AttachOptions, logged_until: int | None
    ) -> AsyncIterator[tuple[int, bytes]]:
        """The log up to that time, 0: nothing; without live output to follow, up to now."""
        if logged_until == 0:
            return
        lines = self._context.ports.logs.read(
            container.host_config.log_config,
            container.log_path,
            stdout=options.stdout,
            stderr=options.stderr,
            until=self._context.memory.clock.now() if logged_until is None else logged_until,
        )
        async for batch in lines:
            for line in batch:
                yield line.stream, line.text
