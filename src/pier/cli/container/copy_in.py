"""Files of this host as a tar stream for the engine, made while it is sent."""

import os
import stat
import tarfile

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 256 << 10
_BLOCK = 512
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}


class Source:
    """A path of this host. Raises CliError when nothing is there, or no directory where one is meant."""

    def __init__(self, text: str, *, follow: bool) -> None:
        content = text == "." or text.endswith("/.")
        means_directory = content or text.endswith("/")
        path = os.path.abspath(text)
        try:
            facts = os.stat(path) if follow or means_directory else os.lstat(path)
        except OSError as error:
            raise CliError(f"lstat {path}: {(error.strerror or '').lower()}") from None
        self.path = os.path.realpath(path) if follow or means_directory else path
        self.is_directory = stat.S_ISDIR(facts.st_mode)
        self.name = "." if content else os.path.basename(path) or "."
        if means_directory and not self.is_directory:
            raise CliError("not a directory")


def pack(path: str, name: str) -> "Iterator[bytes]":
    """A tar of the file or directory; its members are named after `name`. Raises CliError for what cannot be read."""
    linked: dict[tuple[int, int], str] = {}
    waiting = [(path, name)]
    try:
        while waiting:
            path, name = waiting.pop()
            yield from _member(path, name, linked)
            if stat.S_ISDIR(os.lstat(path).st_mode):
                below = sorted(os.listdir(path), reverse=True)
                waiting += [(os.path.join(path, entry), f"{name}/{entry}") for entry in below]
    except OSError as error:
        raise CliError(f"{error.filename or path}: {(error.strerror or '').lower()}") from None
    yield bytes(2 * _BLOCK)


def _member(path: str, name: str, linked: "dict[tuple[int, int], str]") -> "Iterator[bytes]":
    facts = os.lstat(path)
    kind = _KINDS.get(stat.S_IFMT(facts.st_mode))
    if kind is None:  # a socket
        return
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, stat.S_IMODE(facts.st_mode)
    info.uid, info.gid, info.mtime = facts.st_uid, facts.st_gid, int(facts.st_mtime)
    if kind == tarfile.SYMTYPE:
        info.linkname = os.readlink(path)
    elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(facts.st_rdev), os.minor(facts.st_rdev)
    if kind != tarfile.DIRTYPE and facts.st_nlink > 1:
        first = linked.setdefault((facts.st_dev, facts.st_ino), name)
        if first != name:
            info.type, info.linkname = tarfile.LNKTYPE, first
    if info.type == tarfile.REGTYPE:
        yield from _file(path, info)
    else:
        yield _header(info)


def _file(path: str, info: tarfile.TarInfo) -> "Iterator[bytes]":
    """Just as many bytes as announced, though the file may grow meanwhile."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        info.size = left = os.fstat(fd).st_size
        yield _header(info)
        while left:
            data = os.read(fd, min(left, _CHUNK))
            if not data:
                raise CliError(f"{path} has become shorter while it was copied")
            left -= len(data)
            yield data
        yield bytes(-info.size % _BLOCK)
    finally:
        os.close(fd)


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
