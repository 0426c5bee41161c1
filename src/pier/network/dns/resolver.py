"""One container's resolver: answers from the zone at once, from the cache or other servers when it can."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from pier.network.dns.answer import local_answer, read_query
from pier.network.dns.cache import Cache
from pier.network.dns.message import SERVFAIL, Query, build_reply, shortened, with_id
from pier.network.dns.recent import Recent
from pier.network.dns.upstream import Upstreams
from pier.network.dns.zone import Zone

IN_FLIGHT = 100  # questions of one container that wait for other servers
_STREAM_LIMIT = 65535

Send = Callable[[bytes], None]
Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None] | None]


class Resolver:
    """`spawn` starts a job that somebody owns, or returns None where that one does not run."""

    def __init__(self, container_id: str, zone: Zone, upstreams: Upstreams, spawn: Spawn) -> None:
        self.container_id = container_id
        self.upstreams = upstreams
        self._zone = zone
        self._spawn = spawn
        self._cache = Cache(time.monotonic)
        self._recent = Recent(zone)
        self._waiting: set[asyncio.Task[None]] = set()

    def handle(self, data: bytes, send: Send, *, stream: bool) -> bool:
        """Answers by one call of `send`, at once or later; False if the bytes deserve none. Never raises for them."""
        if not stream and (recent := self._recent.get(data)) is not None:
            send(recent)
            return True
        query = read_query(data)
        if isinstance(query, bytes):
            if query:
                send(query)
            return bool(query)
        limit = _STREAM_LIMIT if stream else query.size
        answer = local_answer(self._zone, self.container_id, query, limit=limit)
        if answer is not None and not stream:
            self._recent.put(data, answer)
        if answer is None and (known := self._cache.get(data)) is not None:
            answer = _fitting(with_id(known, query.id), query, limit)
        if answer is not None:
            send(answer)
        else:
            self._forward(data, query, send, stream=stream)
        return True

    def use(self, upstreams: Upstreams) -> None:
        """Other servers from now on; what the former ones said is forgotten."""
        self.upstreams = upstreams
        self._cache = Cache(time.monotonic)

    def close(self) -> None:
        """Gives up what waits for other servers."""
        for job in self._waiting:
            job.cancel()

    def _forward(self, data: bytes, query: Query, send: Send, *, stream: bool) -> None:
        job = None
        if len(self._waiting) < IN_FLIGHT:
            job = self._spawn(self._ask(data, query, send, stream=stream), f"dns of {self.container_id[:12]}")
        if job is None:
            send(build_reply(query, SERVFAIL))
            return
        self._waiting.add(job)
        job.add_done_callback(self._waiting.discard)

    async def _ask(self, data: bytes, query: Query, send: Send, *, stream: bool) -> None:
        found = await self.upstreams.ask(data, query, stream=stream)
        if found is None:
            send(build_reply(query, SERVFAIL))
            return
        answer, reply = found
        self._cache.put(data, answer, reply)
        send(_fitting(answer, query, _STREAM_LIMIT if stream else query.size))


def _fitting(answer: bytes, query: Query, limit: int) -> bytes:
    return answer if len(answer) <= limit else shortened(answer, query)
