"""One container's log as the log thread sees it: raw bytes from the spools, formatted, appended, checkpointed."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pier.logs.checkpoint import Checkpoint, Mark
from pier.logs.jsonfile import JsonLines, offset_after
from pier.logs.rotation import LogFile
from pier.logs.spool import Spool
from pier.logs.stamps import format_stamp, parse_stamp

BATCH = 256 << 10


class Journal:
    """`write` is for one thread at a time; `position` and `skip` may be called from the loop meanwhile.

    Every batch has its own time, later than all before it in this log, so a file of a rotated log is known by the
    time of its first line.
    """

    def __init__(self, file: LogFile, lines: JsonLines, checkpoint: Checkpoint, spools: Mapping[int, Spool]) -> None:
        self._file = file
        self._lines = lines
        self._checkpoint = checkpoint
        self._spools = spools
        self._time = 0
        self._positions = {1: 0, 2: 0}
        self._skips = {1: 0, 2: 0}
        self._lock = threading.Lock()  # held while a spool is read, so that `skip` never takes bytes away under it
        self._dropped = 0

    @property
    def path(self) -> Path:
        return self._file.path

    def begin(self) -> None:
        """A new process: its spools are empty, the log may hold lines of earlier ones. Raises OSError."""
        self._recover_time()
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
        self._recover_time()
        self._time = max(self._time, mark.time)
        for stream, spool in self._spools.items():  # a non-blocking log may have given up more than it had written
            if spool.floor > self._positions[stream]:
                self.skip(stream, spool.floor)
        self._save()

    def _recover_time(self) -> None:
        last = self._file.recover()
        try:
            self._time = parse_stamp(json.loads(last)["time"]) if last else 0
        except (ValueError, KeyError, TypeError):  # not a line of ours; it stays as it is
            self._time = 0

    def position(self, stream: int) -> int:
        """Below this the log does not need the spool any more."""
        return max(self._positions[stream], self._skips[stream])

    @property
    def dropped(self) -> int:
        """Bytes of output that are not in the log and never will be."""
        return self._dropped + sum(max(0, self._skips[stream] - self._positions[stream]) for stream in self._skips)

    def skip(self, stream: int, position: int) -> None:
        """Gives up what is not read yet below `position`, and the rest of the line it falls in."""
        with self._lock:
            self._skips[stream] = max(self._skips[stream], position)

    def write(self, segments: Sequence[tuple[int, int]], *, final: bool = False) -> None:
        """Appends the whole lines of each (stream, up to which position), in this order; all of them when `final`.

        Positions say how far it came, also when OSError is raised on the way.
        """
        for stream, end in segments:
            while data := self._read(stream, end):
                if not self._write_batch(stream, data, final):
                    break

    def _read(self, stream: int, end: int) -> bytes:
        with self._lock:
            start, skip = self._positions[stream], self._skips[stream]
            if start >= skip:
                return self._spools[stream].read(start, min(BATCH, end - start)) if end > start else b""
            data = self._spools[stream].read(skip, min(BATCH, end - skip)) if end > skip else b""
            newline = data.find(b"\n") + 1
            lost = newline or len(data)
            self._dropped += skip - start + lost
            self._positions[stream] = self._skips[stream] = skip + lost
            return data[lost:]

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
        lines, consumed = self._lines.encode(data, stream, format_stamp(stamp), final=final)
        if not consumed:
            return 0
        cut = lines.find(b"\n", max(0, self._file.room - 1)) + 1
        if 0 < cut < len(lines):
            lines = lines[:cut]
            consumed = offset_after(data, lines.count(b"\n"), final=final)
        self._file.append(lines)
        self._time = stamp
        self._positions[stream] += consumed
        self._save()
        return consumed

    def _save(self) -> None:
        self._checkpoint.save(
            Mark(self._positions[1], self._positions[2], self._file.inode, self._file.size, self._time)
        )

    def close(self) -> None:
        self._file.close()
        self._checkpoint.close()
