"""Running several steps at once without changing what their errors look like."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*steps: Coroutine[Any, Any, Any]) -> list[Any]:
    """Runs all steps at once; their results in order.

    When one fails the others are cancelled and awaited, and its error is raised as it is, not in a group: callers
    undo and translate by kind.
    """
    try:
        async with asyncio.TaskGroup() as group:
            jobs = [group.create_task(step) for step in steps]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [job.result() for job in jobs]
