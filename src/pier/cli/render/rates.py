"""How fast bytes come: of one layer, and of all together."""

import time

from pier.cli.render.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SETTLED = 0.2  # seconds before a rate means anything
_MOVING = ("Downloading", "Pushing", "Loading layer")


class Rates:
    """Fed with each count of bytes; `clock` gives seconds."""

    def __init__(self, clock: "Callable[[], float]" = time.monotonic) -> None:
        self._clock = clock
        self._started: dict[str, tuple[float, int]] = {}  # by layer: when, and how many bytes were there then
        self._counts: dict[str, tuple[int, int]] = {}  # by layer: bytes done and in all
        self._began = 0.0

    def count(self, identity: str, status: str, current: int, total: int) -> str:
        """Notes a layer's bytes; ` 1.2MB/s`, or "" while that is not known, or where nothing moves."""
        if status not in _MOVING or not identity or total <= 0:
            return ""
        now = self._clock()
        if not self._counts:
            self._began = now
        began, before = self._started.setdefault(identity, (now, current))
        self._counts[identity] = (current, total)
        return _rate(current - before, now - began)

    def done(self, identity: str) -> None:
        """All of a layer has come."""
        if identity in self._counts:
            total = self._counts[identity][1]
            self._counts[identity] = (total, total)

    def total(self) -> str:
        """`Total: 12MB/40MB  3.4MB/s`; "" while fewer than two layers move."""
        if len(self._counts) < 2:
            return ""
        done, size = (sum(pair[index] for pair in self._counts.values()) for index in (0, 1))
        before = sum(before for _, before in self._started.values())
        return (
            f"Total: {decimal_size(done, 4)}/{decimal_size(size, 4)}{_rate(done - before, self._clock() - self._began)}"
        )


def _rate(size: int, seconds: float) -> str:
    return f"  {decimal_size(size / seconds, 3)}/s" if seconds >= _SETTLED and size > 0 else ""
