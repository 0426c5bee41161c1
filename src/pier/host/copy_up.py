"""Fills an empty volume with what the image has at its mount point. Blocks: use in a thread.

Everything is reached by descriptors below the two roots, so that no link of a hostile image leads elsewhere. Kept are
owners, modes, times, extended attributes, hard links, symbolic links, FIFOs and device nodes.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from pier.domain.errors import PierError
from pier.host import syscalls

_BELOW = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS
_CHUNK = 1 << 20
_FICLONE = 0x40049409  # linux/fs.h
_NOT_KEPT = (errno.ENOTSUP, errno.EPERM, errno.ENODATA)  # attributes this file system or kernel does not take


def copy_directory(source: int, destination: str) -> None:
    """Copies the directory behind the descriptor `source`, with its own owner and mode, into `destination`.

    Raises PierError when something cannot be copied.
    """
    try:
        target = os.open(destination, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _Copy(source, target).run()
        finally:
            os.close(target)
    except OSError as error:
        raise PierError(f"content cannot be copied into {destination}: {error}") from error


class _Copy:
    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._target = target
        self._linked: dict[tuple[int, int], str] = {}  # (device, inode) -> the copy's path below the target

    def run(self) -> None:
        """Directory by directory, without recursion; times of directories last, as filling them changes them."""
        waiting, done = ["."], list[str]()
        while waiting:
            path = waiting.pop()
            done.append(path)
            waiting += self._copy_entries(path)
        for path in reversed(done):
            with self._pair(path) as (source, target):
                _copy_facts(source, target, os.fstat(source))

    def _copy_entries(self, path: str) -> list[str]:
        """Copies what is in one directory; the subdirectories it made."""
        made = []
        with self._pair(path) as (source, target):
            for name in os.listdir(source):
                facts = os.stat(name, dir_fd=source, follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    os.mkdir(name, 0o700, dir_fd=target)
                    made.append(f"{path}/{name}")
                elif not self._link_known(facts, name, target):
                    _copy_entry(name, facts, source, target)
                    self._remember(facts, f"{path}/{name}")
        return made

    def _link_known(self, facts: os.stat_result, name: str, target: int) -> bool:
        known = self._linked.get((facts.st_dev, facts.st_ino))
        if known is None:
            return False
        os.link(known, name, src_dir_fd=self._target, dst_dir_fd=target, follow_symlinks=False)
        return True

    def _remember(self, facts: os.stat_result, path: str) -> None:
        if facts.st_nlink > 1:
            self._linked[facts.st_dev, facts.st_ino] = path

    @contextmanager
    def _pair(self, path: str) -> Iterator[tuple[int, int]]:
        flags = os.O_RDONLY | os.O_DIRECTORY
        source = syscalls.openat2(self._source, path, flags, resolve=_BELOW)
        try:
            target = syscalls.openat2(self._target, path, flags, resolve=_BELOW)
            try:
                yield source, target
            finally:
                os.close(target)
        finally:
            os.close(source)


def _copy_entry(name: str, facts: os.stat_result, source: int, target: int) -> None:
    if stat.S_ISREG(facts.st_mode):
        _copy_file(name, facts, source, target)
    elif stat.S_ISLNK(facts.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        os.chown(name, facts.st_uid, facts.st_gid, dir_fd=target, follow_symlinks=False)
        os.utime(name, ns=(facts.st_atime_ns, facts.st_mtime_ns), dir_fd=target, follow_symlinks=False)
    else:
        os.mknod(name, facts.st_mode, facts.st_rdev, dir_fd=target)
        os.chown(name, facts.st_uid, facts.st_gid, dir_fd=target, follow_symlinks=False)
        os.chmod(name, stat.S_IMODE(facts.st_mode), dir_fd=target)
        os.utime(name, ns=(facts.st_atime_ns, facts.st_mtime_ns), dir_fd=target, follow_symlinks=False)


def _copy_file(name: str, facts: os.stat_result, source: int, target: int) -> None:
    reader = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        if not stat.S_ISREG(os.fstat(reader).st_mode):
            raise PierError(f"{name} has become something else while it was copied; try again")
        writer = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)
        try:
            if not _share_blocks(reader, writer):
                while os.sendfile(writer, reader, None, _CHUNK):
                    pass
            _copy_facts(reader, writer, facts)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _share_blocks(reader: int, writer: int) -> bool:
    """FICLONE (ioctl_ficlonerange(2)): both files have the same blocks until one is written; btrfs, xfs and others."""
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError:  # another file system, or one that cannot: the bytes are copied then
        return False
    return True


def _copy_facts(source: int, target: int, facts: os.stat_result) -> None:
    """Owner first: changing it takes set-id bits and file capabilities away, which the next steps then bring."""
    os.fchown(target, facts.st_uid, facts.st_gid)
    os.fchmod(target, stat.S_IMODE(facts.st_mode))
    for name in os.listxattr(source):
        with _tolerating(*_NOT_KEPT):
            os.setxattr(target, name, os.getxattr(source, name))
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@contextmanager
def _tolerating(*numbers: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise
