"""Other servers' answers, remembered for as long as they say, but never for long. Pure.

The key is the question's bytes from behind its id: what differs in a flag or an option is another question.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pier.network.dns.message import NOERROR, NXDOMAIN, Reply, aged

SIZE = 256  # answers
_LONGEST = 60  # seconds
_LARGEST = 2048  # bytes of one answer


@dataclass(frozen=True, slots=True)
class _Entry:
    data: bytes
    lifetimes: tuple[int, ...]
    stored: float
    expires: float


class Cache:
    """`clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def get(self, query: bytes) -> bytes | None:
        """An answer, its TTLs lessened by its age; the id in it is another's."""
        entry = self._entries.get(query[2:])
        if entry is None:
            return None
        now = self._clock()
        if now >= entry.expires:
            del self._entries[query[2:]]
            return None
        self._entries.move_to_end(query[2:])
        return aged(entry.data, entry.lifetimes, int(now - entry.stored))

    def put(self, query: bytes, data: bytes, reply: Reply) -> None:
        """Remembers it if it is worth it: whole, of moderate size, and certain."""
        certain = reply.rcode == NXDOMAIN or (reply.rcode == NOERROR and reply.answers)
        if reply.truncated or not certain or reply.ttl < 1 or len(data) > _LARGEST:
            return
        now = self._clock()
        self._entries[query[2:]] = _Entry(data, reply.lifetimes, now, now + min(reply.ttl, _LONGEST))
        self._entries.move_to_end(query[2:])
        while len(self._entries) > SIZE:
            self._entries.popitem(last=False)
