"""One container's log as the log thread sees it: raw bytes from the spools, formatted, appended, checkpointed."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pier.logs.checkpoint import Checkpoint, Mark
from pier.logs.formats import Encoder
from pier.logs.rotation import LogFile
from pier.logs.spool import Spool

BATCH = 256 << 10


class Journal:
    """`write` is for one thread at a time; `position` and `skip` may be called from the loop meanwhile.

    Every batch has its own time, later than all before it in this log, so a file of a rotated log is known by the
    time of its first line.
    """

    def __init__(
        self,
        file: LogFile,
        lines: Encoder,
        checkpoint: Checkpoint,
        spools: Mapping[int, Spool],
        hand_on: Callable[[bytes], None] | None = None,
    ) -> None:
        """`hand_on` is given every batch of records once it is in the file, and must not wait."""
        self._file = file
        self._hand_on = hand_on
        self._lines = lines
        self._checkpoint = checkpoint
        self._spools = spools
        self._time = 0
        self._positions = {1: 0, 2: 0}
        self._skips = {1: 0, 2: 0}
        self._lock = threading.Lock()  # held while a spool is read, so that `skip` never takes bytes away under it
        self._read_to = {1: 0, 2: 0}  # up to where a thread holds bytes of the spool, on their way into the log
        self._dropped = 0
        self._dropped_lines = 0
        self.mark = Mark()  # what is in the log, whole at any moment, also for other threads

    @property
    def path(self) -> Path:
        return self._file.path

    def begin(self) -> None:
        """A new process: its spools are empty, the log may hold lines of earlier ones. Raises OSError."""
        self._time = self._file.recover()
        self._save()

    def resume(self) -> None:
        """After a crash: cuts the log to the checkpoint and goes on at its positions. Raises OSError."""
        mark = self._checkpoint.load()
        if mark is None:
            self.begin()
            return
        for stream, position in ((1, mark.stdout), (2, mark.stderr)):
            if stream in self._spools:  # a spool that is gone begins anew, at 0
                self._positions[stream] = min(position, self._spools[stream].end)
        if mark.inode == self._file.inode:
            self._file.cut(mark.size)
        self._time = max(self._file.recover(), mark.time)
        for stream, spool in self._spools.items():  # a non-blocking log may have given up more than it had written
            if spool.floor > self._positions[stream]:
                self.skip(stream, spool.floor)
        self._save()

    def position(self, stream: int) -> int:
        """Below this the log does not need the spool any more."""
        return max(self._positions[stream], self._skips[stream])

    @property
    def dropped(self) -> int:
        """Bytes of output that are not in the log and never will be."""
        return self._dropped + sum(max(0, self._skips[stream] - self._positions[stream]) for stream in self._skips)

    @property
    def dropped_lines(self) -> int:
        """How many lines of output are missing from the log, each counted where it ends."""
        return self._dropped_lines

    def skip(self, stream: int, position: int) -> None:
        """Gives up what is not read yet below `position`, and the rest of the line it falls in."""
        with self._lock:
            start = max(self._positions[stream], self._read_to[stream], self._skips[stream])
            while start < position and (data := self._spools[stream].read(start, min(BATCH, position - start))):
                self._dropped_lines += data.count(b"\n")  # counted now: the spool lets go of it
                start += len(data)
            self._skips[stream] = max(self._skips[stream], position)

    def write(self, segments: Sequence[tuple[int, int]], *, final: bool = False) -> None:
        """Appends the whole lines of each (stream, up to which position), in this order; all of them when `final`.

        Positions say how far it came, also when OSError is raised on the way.
        """
        for stream, end in segments:
            while data := self._read(stream, end):
                try:
                    if not self._write_batch(stream, data, final):
                        break
                finally:
                    self._read_to[stream] = 0

    def _read(self, stream: int, end: int) -> bytes:
        with self._lock:
            spool = self._spools[stream]
            while (skip := self._skips[stream]) > self._positions[stream] and skip < end:
                data = spool.read(skip, min(BATCH, end - skip))
                newline = data.find(b"\n") + 1
                self._skips[stream] = skip + (newline or len(data))
                if newline:
                    self._dropped_lines += 1
                    self._dropped += self._skips[stream] - self._positions[stream]
                    self._positions[stream] = self._skips[stream]
            start = self._positions[stream]
            if start >= end or skip > start:  # nothing new, or the rest of a line that is given up is still to come
                return b""
            data = spool.read(start, min(BATCH, end - start))
            self._read_to[stream] = start + len(data)
            return data

    def _write_batch(self, stream: int, data: bytes, final: bool) -> bool:
        """Whether anything of `data`, which begins at the stream's position, could be written."""
        begun = self._positions[stream]
        while consumed := self._write_part(stream, data, final):
            data = data[consumed:]
        return self._positions[stream] > begun

    def _write_part(self, stream: int, data: bytes, final: bool) -> int:
        """Writes what fits into the current file; how many raw bytes that were, 0 when no whole line is left."""
        if not data:
            return 0
        if self._file.is_full:
            self._file.rotate()
            self._save()
        stamp = max(self._time + 1, time.time_ns())
        lines, consumed = self._lines.encode(data, stream, stamp, final=final, room=self._file.room)
        if not consumed:
            return 0
        self._file.append(lines)
        if self._hand_on is not None:
            self._hand_on(lines)
        self._time = stamp
        self._positions[stream] += consumed
        self._save()
        return consumed

    def _save(self) -> None:
        self.mark = Mark(self._positions[1], self._positions[2], self._file.inode, self._file.size, self._time)
        self._checkpoint.save(self.mark)

    def close(self) -> None:
        self._file.close()
        self._checkpoint.close()
