"""Health checks: a probe in the container, again and again, and what its results add up to (semantics of Docker)."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace

from pier.domain.container import Config, Container, ExecConfig, Health, Healthcheck, HealthProbe, Status
from pier.domain.errors import PierError
from pier.domain.record import Change, Put
from pier.engine.containers.attach import Attachment
from pier.engine.containers.create import actor_attributes
from pier.engine.context import Context
from pier.engine.execs import Execs

_log = logging.getLogger(__name__)
SECOND = 1_000_000_000
DEFAULT_INTERVAL = 30 * SECOND
DEFAULT_TIMEOUT = 30 * SECOND
DEFAULT_START_INTERVAL = 5 * SECOND
DEFAULT_RETRIES = 3
START_PATIENCE = 30  # seconds for the start of a probe
END_PATIENCE = 10  # seconds for the end of one that was killed
MAX_OUTPUT = 4096  # bytes
LOG_LENGTH = 5
DEFAULT_SHELL = ("/bin/sh", "-c")


@dataclass(frozen=True, slots=True)
class _Result:
    exit_code: int
    output: str
    started_at: int
    ended_at: int


def probe_command(config: Config) -> tuple[str, ...]:
    """What the check runs; empty without one."""
    test = config.healthcheck.test if config.healthcheck else ()
    match test:
        case ("CMD", *words):
            return tuple(words)
        case ("CMD-SHELL", text):
            return (*(config.shell or DEFAULT_SHELL), text)
        case _:
            return ()


def next_health(health: Health, check: Healthcheck, result: _Result, *, in_start_period: bool) -> Health:
    """The health after one more probe.

    Failures in the start period, which the first success ends, are logged but do not count. The streak goes on
    counting past the retries.
    """
    probe = HealthProbe(
        started_at=result.started_at, ended_at=result.ended_at, exit_code=result.exit_code, output=result.output
    )
    log = (*health.log, probe)[-LOG_LENGTH:]
    if result.exit_code == 0:
        return Health(status="healthy", failing_streak=0, log=log)
    if in_start_period and health.status == "starting":
        return replace(health, log=log)
    streak = health.failing_streak + 1
    failed = streak >= (check.retries or DEFAULT_RETRIES)
    return Health(status="unhealthy" if failed else health.status, failing_streak=streak, log=log)


class HealthChecks:
    def __init__(self, context: Context, execs: Execs) -> None:
        self._context = context
        self._execs = execs
        self._watches: dict[str, asyncio.Task[None]] = {}

    def watch(self, container: Container) -> None:
        """Begins to probe a running container that has a check; once for each run."""
        if not probe_command(container.config) or container.id in self._watches:
            return
        job = self._watch(container.id, container.state.started_at)
        self._watches[container.id] = self._context.jobs.spawn(job, f"health of {container.id}")

    def forget(self, container_id: str) -> None:
        """The run is over."""
        if job := self._watches.pop(container_id, None):
            job.cancel()

    async def _watch(self, container_id: str, run: int) -> None:
        while container := self._same_run(container_id, run):
            await asyncio.sleep(self._pause(container) / SECOND)
            container = self._same_run(container_id, run)
            if container is None:
                return
            if container.state.status is Status.RUNNING:
                result = await self._probe(container)
                try:
                    await self._note(container_id, run, result)
                except PierError as error:  # the next probe may be recorded again
                    _log.warning("a health probe of container %s is lost: %s", container_id, error.message)

    def _same_run(self, container_id: str, run: int) -> Container | None:
        container = self._context.memory.containers.get(container_id)
        same = container is not None and container.state.has_task and container.state.started_at == run
        return container if same else None

    def _pause(self, container: Container) -> int:
        check = container.config.healthcheck or Healthcheck()
        if self._in_start_period(container) and container.state.health and container.state.health.status == "starting":
            return check.start_interval or DEFAULT_START_INTERVAL
        return check.interval or DEFAULT_INTERVAL

    def _in_start_period(self, container: Container) -> bool:
        check = container.config.healthcheck or Healthcheck()
        return self._context.memory.clock.now() < container.state.started_at + check.start_period

    async def _probe(self, container: Container) -> _Result:
        """One run of the check, whose timeout counts from when it has started: what that takes is not the check's."""
        clock = self._context.memory.clock
        begun = clock.now()
        exec_id = ""
        try:
            async with asyncio.timeout(START_PATIENCE):
                exec_id = await self._execs.create(
                    container.id,
                    ExecConfig(cmd=probe_command(container.config), attach_stdout=True, attach_stderr=True),
                )
                attachment = await self._execs.start(exec_id, detach=False)
            assert attachment is not None
            code, output = await self._watch_probe(container, exec_id, attachment)
        except TimeoutError:
            await self._execs.end(exec_id)
            text = f"timed out starting health check for container {container.id}"
            return _Result(-1, text, begun, clock.now())
        except PierError as error:
            return _Result(-1, error.message[:MAX_OUTPUT], begun, clock.now())
        return _Result(code, output, begun, clock.now())

    async def _watch_probe(self, container: Container, exec_id: str, attachment: Attachment) -> tuple[int, str]:
        """The exit code and the output of a probe that runs: -1 for one that had to be killed."""
        check = container.config.healthcheck or Healthcheck()
        timeout = check.timeout or DEFAULT_TIMEOUT
        output = bytearray()
        try:
            async with asyncio.timeout(timeout / SECOND):
                await _collect(attachment, output)
        except TimeoutError:
            await self._execs.end(exec_id)  # or they would pile up
            with suppress(TimeoutError):
                async with asyncio.timeout(END_PATIENCE):
                    await _collect(attachment, output)
            text = f"Health check exceeded timeout ({_duration(timeout)})"
            return -1, f"{text}: {_shown(output)}" if output else text
        finally:
            attachment.close()
        code = self._execs.inspect(exec_id).exit_code
        return -1 if code is None else code, _shown(output)

    async def _note(self, container_id: str, run: int, result: _Result) -> None:
        memory = self._context.memory
        async with self._context.live.lock(container_id):
            container = self._same_run(container_id, run)
            if container is None or container.config.healthcheck is None:
                return
            before = container.state.health or Health()
            check = container.config.healthcheck
            early = result.started_at - container.state.started_at < check.start_period
            after = next_health(before, check, result, in_start_period=early)
            changed = replace(container, state=replace(container.state, health=after))
            changes: list[Change] = [Put(changed)]
            if after.status != before.status:
                action = f"health_status: {after.status}"
                changes.append(memory.event("container", action, container_id, actor_attributes(changed)))
            await memory.commit(*changes)


async def _collect(attachment: Attachment, output: bytearray) -> None:
    """Reads to the end of the process; keeps what is shown, and one byte more where there is more."""
    async for _, data in attachment:
        output += data[: MAX_OUTPUT + 1 - len(output)]


def _shown(output: bytearray) -> str:
    text = output[:MAX_OUTPUT].decode(errors="replace")
    return f"{text}..." if len(output) > MAX_OUTPUT else text


def _duration(nanoseconds: int) -> str:
    """As Go prints durations: 500ms, 1.5s, 30s."""
    if nanoseconds < SECOND:
        return f"{nanoseconds / 1_000_000:g}ms"
    return f"{nanoseconds / SECOND:g}s"
