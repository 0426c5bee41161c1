"""The streams of a container's run as the pierd before this one has left them, taken up again."""

import logging

from pier.domain.container import Container
from pier.domain.errors import PierError
from pier.engine.context import Context
from pier.engine.ports import Stream

_log = logging.getLogger(__name__)


async def reopen_streams(context: Context, container: Container) -> Stream:
    """The streams of the container's present or last run. Raises PierError when they cannot be opened."""
    log = container.host_config.log_config
    return await context.ports.streams.reopen(
        container.id,
        stdin=container.config.open_stdin,
        terminal=container.config.tty,
        log=None if log.driver == "none" else log,
        log_path=container.log_path,
        container=container,
    )


async def take_up_streams(context: Context, container: Container) -> None:
    """Sees to it that a container with a task has its streams; the caller holds its lock.

    Its output cannot be read where that fails, but its life goes on.
    """
    if context.live.stream(container.id) is not None:
        return
    try:
        context.live.set_stream(container.id, await reopen_streams(context, container))
    except PierError as error:
        _log.error("the output of container %s cannot be read any more: %s", container.id, error.message)
