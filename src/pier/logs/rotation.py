"""The files of one log: the current one, and older ones as `.1`, `.2` … or `.1.gz`, youngest first."""

import errno
import gzip
import logging
import os
import shutil
from concurrent.futures import Executor, Future
from pathlib import Path

from pier.logs.drivers import format_of
from pier.logs.options import UNBOUNDED, FileOptions

_COMPRESSION_TIMEOUT = 300
KEPT_FREE = 4 << 20  # bytes that logs leave on a disk: without a few pages no container could be stopped or removed

_log = logging.getLogger(__name__)


def rotated(path: str | Path, number: int) -> tuple[Path, Path]:
    """The plain and the compressed name of the `number`th older file."""
    return Path(f"{path}.{number}"), Path(f"{path}.{number}.gz")


class LogFile:
    """Appends, and rotates when full. For one thread at a time; `compressor` runs what may take seconds."""

    def __init__(self, path: Path, options: FileOptions, compressor: Executor) -> None:
        self.path = path
        self._options = options
        self._compressor = compressor
        self._compression: Future[None] | None = None
        path.parent.mkdir(mode=0o710, parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        status = os.fstat(self._fd)
        self.inode, self.size = status.st_ino, status.st_size

    @property
    def is_full(self) -> bool:
        return self._options.max_size != UNBOUNDED and self.size >= self._options.max_size

    @property
    def room(self) -> int:
        """How many bytes go in until it is full; the line that crosses the border still goes in whole."""
        if self._options.max_size == UNBOUNDED:
            return 1 << 62
        return max(0, self._options.max_size - self.size)

    def cut(self, size: int) -> None:
        """Takes back what was appended beyond `size`."""
        if size < self.size:
            os.ftruncate(self._fd, size)
            self.size = size

    def recover(self) -> int:
        """Cuts a torn last record, as a power cut leaves it; the time of the last whole one, 0 if there is none."""
        end, time = format_of(self._options).recover(self._fd, self.size)
        self.cut(end)
        return time

    def append(self, lines: bytes) -> None:
        """All or nothing. Raises OSError, also while the disk is full but for what the engine's records need."""
        disk = os.fstatvfs(self._fd)
        if disk.f_bavail * disk.f_frsize < len(lines) + KEPT_FREE:
            raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} but for the last {KEPT_FREE >> 20} MiB")
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            self._take_back(len(lines) - len(rest))
            raise
        # Somebody may have emptied the file by hand (`truncate -s 0`), so its size is asked for, not added up.
        self.size = os.fstat(self._fd).st_size

    def _take_back(self, written: int) -> None:
        """Removes the `written` bytes that went through before a write failed."""
        if written:
            os.ftruncate(self._fd, max(0, os.fstat(self._fd).st_size - written))

    def rotate(self) -> None:
        """Renames every file one number up, drops the oldest, begins a new one. Raises OSError."""
        self._await_compression()
        last = self._options.max_file - 1
        for name in rotated(self.path, last) if last else (self.path,):
            name.unlink(missing_ok=True)
        for number in range(last - 1, 0, -1):
            for old, new in zip(rotated(self.path, number), rotated(self.path, number + 1), strict=True):
                if old.exists():
                    old.rename(new)
        if last and self.path.exists():
            self.path.rename(rotated(self.path, 1)[0])
        former = self._fd
        self._open()
        os.close(former)
        if self._options.compress:
            self._compression = self._compressor.submit(compress, *rotated(self.path, 1))

    def _await_compression(self) -> None:
        if self._compression is not None:
            try:
                self._compression.result(_COMPRESSION_TIMEOUT)
            except (OSError, TimeoutError) as error:
                _log.warning("%s stays uncompressed: %s", rotated(self.path, 1)[0], error)
            self._compression = None

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def compress(plain: Path, packed: Path) -> None:
    """Replaces `plain` by `packed`; at every moment one of the two is whole. Raises OSError."""
    unfinished = packed.with_name(packed.name + ".tmp")
    with plain.open("rb") as source, gzip.open(unfinished, "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    unfinished.rename(packed)
    plain.unlink()
