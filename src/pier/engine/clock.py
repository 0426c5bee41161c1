"""Time as the engine stamps it."""

import time


class Clock:
    """Nanoseconds since the epoch that never repeat and never go back, across restarts too when told the last one.

    Events are ordered and told apart by their time, so two of them must not share one.
    """

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def now(self) -> int:
        self._last = max(self._last + 1, time.time_ns())
        return self._last
