"""Tells those who follow a log, in the same process, that something was appended to it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Arrivals:
    """One for each pierd, shared by the writers (Streams) and the readers (Logs). Used on the loop only."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def notify(self, path: str) -> None:
        for event in self._waiting.get(path, ()):
            event.set()

    @contextmanager
    def watch(self, path: str) -> Iterator[asyncio.Event]:
        """An event that is set by each append until the block ends; the watcher clears it."""
        event = asyncio.Event()
        self._waiting.setdefault(path, set()).add(event)
        try:
            yield event
        finally:
            watchers = self._waiting[path]
            watchers.discard(event)
            if not watchers:
                del self._waiting[path]
