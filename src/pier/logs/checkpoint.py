"""How far the spools went into the log: the fact from which a killed pierd goes on.

One small pwrite after each batch; the kernel copies it whole, so a SIGKILL leaves the old one or the new one.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

_FORMAT = struct.Struct("<8s5Q")
_MAGIC = b"pierlog1"


@dataclass(frozen=True, slots=True)
class Mark:
    """The log was `size` bytes long in file `inode` when these spool positions were in it; `time` is its last stamp."""

    stdout: int = 0
    stderr: int = 0
    inode: int = 0
    size: int = 0
    time: int = 0

    def position(self, stream: int) -> int:
        return self.stdout if stream == 1 else self.stderr


class Checkpoint:
    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def load(self) -> Mark | None:
        """None when nothing was ever saved."""
        raw = os.pread(self._fd, _FORMAT.size, 0)
        if len(raw) != _FORMAT.size:
            return None
        magic, *fields = _FORMAT.unpack(raw)
        return Mark(*fields) if magic == _MAGIC else None

    def save(self, mark: Mark) -> None:
        os.pwrite(self._fd, _FORMAT.pack(_MAGIC, mark.stdout, mark.stderr, mark.inode, mark.size, mark.time), 0)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
