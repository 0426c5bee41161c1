"""Answers from the zone, remembered by the question's bytes for as long as the zone stays as it is. Pure.

Most clients ask the same few questions all the time, and to read one and put its answer together takes longer than the
kernel needs to carry both.
"""

from pier.network.dns.message import count_answers
from pier.network.dns.zone import Zone

SIZE = 256  # answers
_LARGEST = 512  # bytes of a question, and of an answer


class Recent:
    """One container's. An answer with several addresses is not kept: each time they come in another order."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._changes = zone.changes
        self._answers: dict[bytes, bytes] = {}

    def get(self, query: bytes) -> bytes | None:
        """The whole answer, with the question's own id."""
        if self._changes != self._zone.changes:
            self._changes = self._zone.changes
            self._answers.clear()
        known = self._answers.get(query[2:])
        return None if known is None else query[:2] + known

    def put(self, query: bytes, answer: bytes) -> None:
        """Call after `get`, before the zone can have changed."""
        if len(query) > _LARGEST or len(answer) > _LARGEST or count_answers(answer) > 1:
            return
        if len(self._answers) >= SIZE:
            self._answers.clear()
        self._answers[query[2:]] = answer[2:]
