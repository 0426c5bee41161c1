"""What a slow reader has not taken yet, moved from a spool in memory to a file on disk that has no name.

Positions mean the same as in the spool. The file vanishes with its descriptor: a reader does not outlive pierd either.
"""

import os
import tempfile
from pathlib import Path

from pier.logs.holes import punch

_STEP = 1 << 20


class Spill:
    """Bytes from `begin` to `end` of one stream. `copy` is for a thread, the rest for the loop."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            self._fd = os.dup(file.fileno())
        self.begin = self.end = 0

    def copy(self, source: int, start: int, end: int) -> None:
        """Takes over [start, end) of the spool `source`; visible once `extend` is called. Raises OSError."""
        while start < end:
            data = os.pread(source, min(_STEP, end - start), start)
            start += os.pwrite(self._fd, data, start)

    def extend(self, start: int, end: int) -> None:
        self.begin = start if self.begin == self.end else self.begin
        self.end = end

    def read(self, position: int, limit: int) -> bytes:
        return os.pread(self._fd, min(limit, self.end - position), position)

    def release(self, floor: int) -> None:
        """Nobody will read below `floor` any more."""
        floor = min(floor, self.end)
        if floor - self.begin >= _STEP or self.begin < floor == self.end:
            self.begin = punch(self._fd, self.begin, floor)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
