"""Work that may take for ever, as a mount from a server that does not answer: each in a thread of its own.

asyncio.to_thread has a handful of threads for all of pierd; a few such mounts would stop everything else.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def run_alone(work: Callable[[], T]) -> asyncio.Future[T]:
    """Its result, or what it raised. Cancelling the future does not stop it; pierd does not wait for it at its end."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
            outcome.exception()  # taken notice of, also when nobody asks any more
        else:
            outcome.set_result(result)  # type: ignore[arg-type]  # without an error there is a result

    def run() -> None:
        result: T | None = None
        error: Exception | None = None
        try:
            result = work()
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: pierd ends
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="pier-volume", daemon=True).start()
    return outcome
