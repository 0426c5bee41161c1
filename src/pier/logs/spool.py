"""A spool: the raw bytes of one stream between the FIFO and those who read it, in a sparse file.

The file only grows; its size is the stream's position, so a position means the same before and after a crash. What
every reader has had is given back by punching a hole (fallocate(2)), so the bytes really held stay bounded.
"""

import os
from pathlib import Path

from pier.logs.holes import punch
from pier.logs.spill import Spill

FILL = 256 << 10  # one splice; more would hold the loop too long
BOUND = 16 << 20  # held bytes at which reading from the FIFO stops
_PUNCH_AT = 1 << 20
_PUNCH_IDLE_AT = 64 << 10


class Spool:
    """`end` is how much ever came in, `floor` how much of it is given up."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file; `floor` of one that was there is its first byte still held."""
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._spill: Spill | None = None
        self.end = os.fstat(self._fd).st_size
        self.floor = self._punched = self._first_data()

    def _first_data(self) -> int:
        try:
            return os.lseek(self._fd, 0, os.SEEK_DATA)
        except OSError:  # ENXIO: a hole to the end, or empty
            return self.end

    @property
    def held(self) -> int:
        return self.end - self.floor

    @property
    def is_full(self) -> bool:
        return self.held >= BOUND

    def fill(self, fifo: int) -> int:
        """Moves up to 256 KiB in one system call; 0 when there is no writer. Raises BlockingIOError, OSError."""
        moved = os.splice(fifo, self._fd, FILL, offset_dst=self.end, flags=os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE)
        self.end += moved
        return moved

    def skip(self, count: int) -> None:
        """So many bytes went past the spool, to a reader that had all that came before."""
        self.end += count
        self.floor = self._punched = self.end

    def read(self, position: int, limit: int) -> bytes:
        """The bytes from `position` on, wherever they are by now; it is not below what was released."""
        if self._spill is not None and position < self._spill.end:
            return self._spill.read(position, limit)
        return os.pread(self._fd, min(limit, self.end - position), position)

    @property
    def spilled(self) -> int:
        """Readers find what is below in the spill, not in the spool."""
        return self._spill.end if self._spill else 0

    def spill(self, folder: Path, end: int) -> tuple[Spill, int, int]:
        """Copies what is held below `end` to disk; for a thread. `take_spill` then makes it count. Raises OSError."""
        spill = self._spill or Spill(folder)
        start = max(self.floor, spill.end)
        spill.copy(self._fd, start, end)
        return spill, start, end

    def take_spill(self, spill: Spill, start: int, end: int) -> None:
        spill.extend(start, end)
        self._spill = spill

    def release_spilled(self, floor: int) -> None:
        """No reader is below `floor` any more."""
        if self._spill is not None:
            self._spill.release(floor)

    def release(self, floor: int) -> None:
        """Nobody will read below `floor` any more. Whole pages go, in strides that keep system calls rare."""
        self.floor = max(self.floor, floor)
        gain = self.floor - self._punched
        if gain >= _PUNCH_AT or (self.floor == self.end and gain >= _PUNCH_IDLE_AT):
            self._punched = punch(self._fd, self._punched, self.floor)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._spill is not None:
            self._spill.close()
