"""`docker logs`: what the log driver kept, and what it is writing."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pier.domain.errors import InvalidArgument, Unsupported
from pier.engine.context import Context
from pier.engine.ports import LogLine


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Times are nanoseconds, 0: unset. `tail` -1: all."""

    stdout: bool = False
    stderr: bool = False
    follow: bool = False
    since: int = 0
    until: int = 0
    tail: int = -1


def read_logs(context: Context, ref: str, options: LogOptions) -> tuple[bool, AsyncIterator[Sequence[LogLine]]]:
    """Whether the container has a terminal, and batches of lines.

    Following ends when the present run ends. Raises InvalidArgument without a stream, Unsupported for driver none.
    """
    container = context.memory.container(ref)
    if not (options.stdout or options.stderr):
        raise InvalidArgument("Bad parameters: you must choose at least one stream")
    if container.host_config.log_config.driver == "none":
        raise Unsupported("configured logging driver does not support reading")
    run = container.state.started_at

    def still_runs() -> bool:
        now = context.memory.containers.get(container.id)
        if now is None or now.state.started_at != run:
            return False
        # Between the exit and the last byte of output the stream is still there.
        return now.state.has_task or context.live.stream(container.id) is not None

    lines = context.ports.logs.read(
        container.host_config.log_config,
        container.log_path,
        stdout=options.stdout,
        stderr=options.stderr,
        since=options.since,
        until=options.until,
        tail=options.tail,
        # A run that has just ended may have output on its way into the log: that is waited for in any case.
        follow=still_runs if (options.follow or not container.state.has_task) and still_runs() else None,
    )
    return container.config.tty, lines
