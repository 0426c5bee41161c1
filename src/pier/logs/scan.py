"""Reads the files of one log in batches of lines, in a thread: filters, tail, and the step from file to file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pier.logs.formats import Format, Record
from pier.logs.logfile import OpenLog, open_logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Times in ns, inclusive, 0: open. `tail` -1: all; it counts lines of both streams, before the other filters."""

    stdout: bool = True
    stderr: bool = True
    since: int = 0
    until: int = 0
    tail: int = -1


class Scan:
    """`next()` gives one batch after the other, None where the log ends at present; more may come later.

    Holds its files open, so rotation and removal take nothing away from it. For one thread at a time.
    """

    def __init__(self, path: Path, selection: Selection, format: Format) -> None:
        self._path = path
        self._selection = selection
        self._format = format
        self._files: list[OpenLog] | None = None  # oldest first; the first is being read
        self.exhausted = False

    def next(self) -> Sequence[Record] | None:
        """An empty batch: there is more, but nothing in this part was wanted. Raises OSError."""
        if self._files is None:
            self._files = open_logs(self._path, self._format)
            self._seek(self._files)
        while not self.exhausted:
            if self._files and (block := self._files[0].read_lines()):
                return self._select(self._files[0].decode(block))
            if len(self._files) > 1:
                self._files.pop(0).close()
            elif not self._advance(self._files):
                return None
        return None

    def _select(self, lines: Sequence[Record]) -> Sequence[Record]:
        wanted = self._selection
        if wanted.until and lines and lines[-1].time > wanted.until:
            self.exhausted = True
            lines = [line for line in lines if line.time <= wanted.until]
        if wanted.since and lines and lines[0].time < wanted.since:
            lines = [line for line in lines if line.time >= wanted.since]
        if wanted.stdout and wanted.stderr:
            return lines
        return [line for line in lines if (wanted.stdout if line.stream == 1 else wanted.stderr)]

    def _advance(self, files: list[OpenLog]) -> bool:
        """At the end of the newest known file: whether there is something to read after all."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        if files and files[0].inode == status.st_ino:
            return files[0].rewind_if_longer_than(status.st_size)
        if status.st_size == 0:
            return False
        if files and not files[0].complete:
            files[0].complete = True  # it has a successor, so it grows no more: read what came before that, then leave
            return True
        known = files[0].begins if files else 0
        newer = []
        for log in open_logs(self._path, self._format):
            if log.begins > known:
                newer.append(log)
            else:
                log.close()
        if newer:
            self.close()
            files[:] = newer
        return bool(newer)

    def _seek(self, files: list[OpenLog]) -> None:
        wanted = self._selection
        if wanted.tail >= 0:
            missing = wanted.tail
            keep = len(files)
            while keep > 0 and (missing > 0 or keep == len(files)):
                keep -= 1
                missing -= files[keep].seek_tail(missing)
            self._drop(files, keep)
        elif wanted.since and files:
            later = [number for number, log in enumerate(files) if 0 < log.begins <= wanted.since]
            self._drop(files, later[-1] if later else 0)
            files[0].seek_time(wanted.since)

    def _drop(self, files: list[OpenLog], count: int) -> None:
        for log in files[:count]:
            log.close()
        del files[:count]

    def close(self) -> None:
        for log in self._files or []:
            log.close()
