"""Files of a container into a tar stream (POSIX pax), as they are found. Blocks: use in a thread.

Everything is reached by descriptors below the one the walk began with, and opened as a mere handle first: what is
swapped for a link meanwhile leads nowhere, and a FIFO or device is described, never opened.
"""

import errno
import os
import stat
import tarfile
from collections.abc import Callable
from contextlib import suppress

from pier.archive.paths import CopyPath
from pier.domain.archive import Root
from pier.domain.errors import PierError

CHUNK = 512 << 10  # bytes of a file read at once
_BLOCK = 512
_CAPABILITY = "security.capability"
_XATTR = "SCHILY.xattr."  # star's pax keyword for extended attributes, which GNU tar and Go read too
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}


def pack_tree(root: Root, handle: int, asked: CopyPath, put: Callable[[bytes], None]) -> None:
    """The file or directory behind `handle`, its members named after `asked.name`. Raises PierError when it cannot."""
    _run(_Packer(root, put), handle, asked.name)


def pack_content(root: Root, put: Callable[[bytes], None]) -> None:
    """All that is in the root, named from there, without the root itself."""
    _run(_Packer(root, put), root.descriptor, "")


def _run(packer: "_Packer", handle: int, name: str) -> None:
    try:
        packer.add_all(handle, name)
    except OSError as error:
        raise PierError(f"files of the container cannot be read: {error}") from error


class _Packer:
    def __init__(self, root: Root, put: Callable[[bytes], None]) -> None:
        self._root = root
        self._put = put
        self._buffer = bytearray()  # headers and small files on their way, so that they go out together
        self._linked: dict[tuple[int, int], str] = {}  # (device, inode) of files with several names -> the first name

    def add_all(self, handle: int, name: str) -> None:
        """The tree behind `handle`, and the end of the archive; with an empty name only what is in it."""
        if name:
            self._add(handle, name)
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            self._add_below(handle, name)
        self._buffer += bytes(2 * _BLOCK)
        self._flush()

    def _add_below(self, top: int, name: str) -> None:
        """Directory by directory, without recursion; each is opened by its path below the top."""
        waiting = ["."]
        while waiting:
            path = waiting.pop()
            try:
                directory = self._root.open_beneath(path, os.O_RDONLY | os.O_DIRECTORY, top)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):  # gone, or something else by now
                    continue
                raise
            try:
                waiting += reversed(self._add_entries(directory, path, name))
            finally:
                os.close(directory)

    def _add_entries(self, directory: int, path: str, name: str) -> list[str]:
        """The members of one directory; paths of those that are directories themselves."""
        below = []
        for entry in sorted(os.listdir(directory)):
            try:
                handle = os.open(entry, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            except FileNotFoundError:  # files come and go
                continue
            try:
                inner = entry if path == "." else f"{path}/{entry}"
                if self._add(handle, _join(name, inner)):
                    below.append(inner)
            finally:
                os.close(handle)
        return below

    def _add(self, handle: int, name: str) -> bool:
        """One member; True for a directory."""
        facts = os.fstat(handle)
        kind = _KINDS.get(stat.S_IFMT(facts.st_mode))
        if kind is None:  # a socket: nothing that an archive could hold
            return False
        info = _header(name, kind, facts)
        known = self._linked.get((facts.st_dev, facts.st_ino)) if facts.st_nlink > 1 else None
        if kind == tarfile.SYMTYPE:
            info.linkname = os.readlink("", dir_fd=handle)
        if kind != tarfile.DIRTYPE and known is not None:
            info.type, info.linkname = tarfile.LNKTYPE, known
        elif kind != tarfile.DIRTYPE and facts.st_nlink > 1:
            self._linked[facts.st_dev, facts.st_ino] = name
        if info.type == tarfile.REGTYPE:
            self._add_file(handle, info, facts)
        else:
            self._add_header(info)
        return kind == tarfile.DIRTYPE

    def _add_header(self, info: tarfile.TarInfo) -> None:
        self._buffer += info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if len(self._buffer) >= CHUNK:
            self._flush()

    def _add_file(self, handle: int, info: tarfile.TarInfo, facts: os.stat_result) -> None:
        """What the handle stands for is opened by way of /proc: the same file, whatever lies at its path by now."""
        reader = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            if facts.st_mode & 0o111:
                with suppress(OSError):  # it has none, or its file system knows of none
                    value = os.getxattr(reader, _CAPABILITY)
                    info.pax_headers = {_XATTR + _CAPABILITY: value.decode("utf-8", "surrogateescape")}
            info.size = facts.st_size
            self._add_header(info)
            self._add_data(reader, info)
        finally:
            os.close(reader)

    def _add_data(self, reader: int, info: tarfile.TarInfo) -> None:
        """Just as many bytes as announced, though the file may grow meanwhile."""
        left = info.size
        while left:
            data = os.read(reader, min(left, CHUNK))
            if not data:
                raise PierError(f"{info.name} in the container has become shorter while it was copied; try again")
            left -= len(data)
            if len(data) < _BLOCK * 32:
                self._buffer += data
            else:
                self._flush()
                self._put(data)
        self._buffer += bytes(-info.size % _BLOCK)
        if len(self._buffer) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._buffer:
            self._put(bytes(self._buffer))
            self._buffer.clear()


def _join(name: str, inner: str) -> str:
    if not name:
        return inner
    return f"{name}{inner}" if name.endswith("/") else f"{name}/{inner}"


def _header(name: str, kind: bytes, facts: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = stat.S_IMODE(facts.st_mode)
    info.uid, info.gid = facts.st_uid, facts.st_gid
    info.mtime = int(facts.st_mtime)
    if kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(facts.st_rdev), os.minor(facts.st_rdev)
    return info
