"""A tar stream into a directory of a container. Blocks: use in a thread.

The directory is the root of all that happens: names and links of members, absolute ones and such with `..`, are
resolved as if nothing lay above it, by the kernel at each use, so that no link made by the archive or swapped by the
container leads out. Nothing that is there already is opened: it is replaced.
"""

import errno
import os
import posixpath
import shutil
import stat
import tarfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pier.archive.stream import TarSource
from pier.domain.archive import Root
from pier.domain.errors import InvalidArgument, PierError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_XATTR = "SCHILY.xattr."
_NOT_KEPT = (errno.ENOTSUP, errno.EPERM)  # attributes this file system or kernel does not take
_NODES = {tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackOptions:
    """`owner` (uid, gid) takes the place of what the archive says; see the engine's Copies port for the other."""

    no_overwrite: bool = False
    owner: tuple[int, int] | None = None


def unpack_tree(root: Root, directory: int, read: Callable[[], Sequence[bytes]], options: UnpackOptions) -> None:
    """Unpacks what `read` gives, some chunks at a time, below the open directory.

    Raises InvalidArgument where nothing can be written, PierError for a bad archive and what the kernel refuses.
    """
    check_writable(root, directory)
    try:
        _Unpacker(root, directory, options).run(TarSource(read))
    except OSError as error:
        if error.errno == errno.EROFS:
            raise InvalidArgument("mounted volume is marked read-only") from error
        raise PierError(f"the archive cannot be unpacked in the container: {error}") from error


def check_writable(root: Root, directory: int) -> None:
    """Raises InvalidArgument in docker's words when the mount that the directory lies on is read-only."""
    if not os.fstatvfs(directory).f_flag & os.ST_RDONLY:
        return
    if _mount_id(directory) == _mount_id(root.descriptor):
        raise InvalidArgument("container rootfs is marked read-only")
    raise InvalidArgument("mounted volume is marked read-only")


def _mount_id(descriptor: int) -> str:
    """proc(5), /proc/<pid>/fdinfo."""
    with open(f"/proc/self/fdinfo/{descriptor}") as file:
        return next((line for line in file if line.startswith("mnt_id:")), "")


class _Unpacker:
    def __init__(self, root: Root, top: int, options: UnpackOptions) -> None:
        self._root = root
        self._top = top
        self._options = options
        self._times: dict[str, int] = {}  # of directories; set last, as filling them changes them
        self._parent: tuple[str, int] | None = None  # the last one used: members of a directory come in a row

    def run(self, source: TarSource) -> None:
        """All members, in order."""
        try:
            while (member := source.next()) is not None:
                path = clean_name(member.name)
                if path:
                    self._unpack(member, path, source)
        finally:
            if self._parent is not None:
                os.close(self._parent[1])
        for path, time in reversed(self._times.items()):
            self._set_time(path, time)

    def _unpack(self, member: tarfile.TarInfo, path: str, source: TarSource) -> None:
        above, name = posixpath.split(path)
        parent = self._open_parent(above)
        if member.isdir():
            self._make_directory(member, path, name, parent)
            return
        self._make_way(member, path, name, parent)
        if member.islnk():
            self._link(member, name, parent)
        elif member.issym():
            os.symlink(member.linkname, name, dir_fd=parent)
            self._describe_entry(member, name, parent)
        elif member.type in _NODES:
            device = os.makedev(member.devmajor, member.devminor)
            os.mknod(name, 0o600 | _NODES[member.type], device, dir_fd=parent)
            os.chown(name, *self._owner(member), dir_fd=parent, follow_symlinks=False)
            os.chmod(name, stat.S_IMODE(member.mode), dir_fd=parent)
            self._describe_entry(member, name, parent)
        elif member.isreg():
            self._write_file(member, name, parent, source)
        else:
            raise PierError(f"the archive holds {member.name} of unknown type {member.type!r}")

    def _write_file(self, member: tarfile.TarInfo, name: str, parent: int, source: TarSource) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(name, flags, 0o600, dir_fd=parent)
        try:
            source.copy_data(member, file)
            self._describe(member, file)
        finally:
            os.close(file)

    def _link(self, member: tarfile.TarInfo, name: str, parent: int) -> None:
        target = clean_name(member.linkname, "hardlink target")
        above, target_name = posixpath.split(target)
        try:
            directory = self._root.open(above or ".", os.O_PATH | os.O_DIRECTORY, self._top)
            try:
                os.link(target_name, name, src_dir_fd=directory, dst_dir_fd=parent, follow_symlinks=False)
            finally:
                os.close(directory)
        except FileNotFoundError as error:
            raise PierError(f"the archive links {member.name} to {member.linkname}, which is not there") from error

    def _make_directory(self, member: tarfile.TarInfo, path: str, name: str, parent: int) -> None:
        facts = _facts(name, parent)
        if facts is None or not stat.S_ISDIR(facts.st_mode):
            self._make_way(member, path, name, parent)
            os.mkdir(name, 0o700, dir_fd=parent)
        directory = os.open(name, _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            self._describe(member, directory)
        finally:
            os.close(directory)
        self._times[path] = _nanoseconds(member)

    def _make_way(self, member: tarfile.TarInfo, path: str, name: str, parent: int) -> None:
        """Removes what has the name already, unless that is forbidden."""
        facts = _facts(name, parent)
        if facts is None:
            return
        is_directory = stat.S_ISDIR(facts.st_mode)
        if self._options.no_overwrite and is_directory != member.isdir():
            have, want = ("directory", "non-directory") if is_directory else ("non-directory", "directory")
            raise PierError(f'cannot overwrite {have} "{path}" with {want} "{member.name}"')
        if not is_directory:
            os.unlink(name, dir_fd=parent)
            return
        try:
            shutil.rmtree(name, dir_fd=parent)
        except RecursionError:
            raise PierError(f"the directory {path} in the container is too deep to be replaced") from None

    # -- owners, modes, times -----------------------------------------------------------------------------------------

    def _describe(self, member: tarfile.TarInfo, descriptor: int) -> None:
        """Owner first: changing it takes set-id bits and file capabilities away, which the next steps then bring."""
        os.fchown(descriptor, *self._owner(member))
        os.fchmod(descriptor, stat.S_IMODE(member.mode))
        for key, value in member.pax_headers.items():
            if key.startswith(_XATTR) and not key.startswith(f"{_XATTR}trusted."):  # those are the kernel's own notes
                _set_attribute(descriptor, key.removeprefix(_XATTR), value.encode("utf-8", "surrogateescape"))
        os.utime(descriptor, ns=(_nanoseconds(member), _nanoseconds(member)))

    def _describe_entry(self, member: tarfile.TarInfo, name: str, parent: int) -> None:
        if member.issym():
            os.chown(name, *self._owner(member), dir_fd=parent, follow_symlinks=False)
        os.utime(name, ns=(_nanoseconds(member), _nanoseconds(member)), dir_fd=parent, follow_symlinks=False)

    def _owner(self, member: tarfile.TarInfo) -> tuple[int, int]:
        return self._options.owner or (member.uid, member.gid)

    def _set_time(self, path: str, time: int) -> None:
        with suppress(OSError):  # removed by a later member, or by the container
            directory = self._root.open(path, _DIRECTORY | os.O_NOFOLLOW, self._top)
            try:
                os.utime(directory, ns=(time, time))
            finally:
                os.close(directory)

    # -- directories --------------------------------------------------------------------------------------------------

    def _open_parent(self, path: str) -> int:
        """The directory at a path below the top, made where it is missing (0755, root's); kept open for the next."""
        if self._parent is not None and self._parent[0] == path:
            return self._parent[1]
        try:
            descriptor = self._root.open(path or ".", _DIRECTORY, self._top)
        except FileNotFoundError:
            descriptor = self._make_parents(path)
        except NotADirectoryError as error:
            raise PierError(f"the archive puts files into {path}, which is not a directory in the container") from error
        self._forget_parent()
        self._parent = path, descriptor
        return descriptor

    def _make_parents(self, path: str) -> int:
        here = self._root.open(".", _DIRECTORY, self._top)
        done = ""
        for part in path.split("/"):
            done = f"{done}{part}/"
            try:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=here)
                below = self._root.open(done, _DIRECTORY, self._top)
            except FileNotFoundError as error:
                raise PierError(f"the archive puts files into {done}, a link that leads nowhere there") from error
            finally:
                os.close(here)
            here = below
        return here

    def _forget_parent(self) -> None:
        if self._parent is not None:
            parent, self._parent = self._parent, None
            os.close(parent[1])


def clean_name(name: str, what: str = "entry name") -> str:
    """A member's name without a leading slash, `.` and inner `..`; empty for the top itself.

    Raises PierError when it leads out.
    """
    path = posixpath.normpath(name.lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise PierError(f'invalid {what} "{name}": it leads out of the directory')
    return "" if path == "." else path


def _facts(name: str, parent: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _set_attribute(descriptor: int, name: str, value: bytes) -> None:
    try:
        os.setxattr(descriptor, name, value)
    except OSError as error:
        if error.errno not in _NOT_KEPT:
            raise


def _nanoseconds(member: tarfile.TarInfo) -> int:
    return int(member.mtime * 1_000_000_000)
