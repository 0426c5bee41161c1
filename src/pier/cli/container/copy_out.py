"""A tar stream of the engine's, unpacked on this host.

What a container holds is not to be trusted: nothing is written outside the destination, and never through a link that
the archive brought.
"""

import os
import posixpath
import shutil
import stat
import tarfile

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 20
_NODES = {tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO}


class Destination:
    """Where the archive's first member goes, by docker's rules for what is there already."""

    def __init__(self, text: str, name: str, *, is_directory: bool, content: bool) -> None:
        self._text = text
        self._name = name
        self._is_directory = is_directory
        self._content = content

    def place(self) -> str:
        """An absolute path. Raises CliError where docker does."""
        path = os.path.realpath(self._text)
        if os.path.isdir(path):
            return path if self._content or not self._name else os.path.join(path, self._name)
        if os.path.lexists(path):
            if not os.path.isfile(path):
                raise CliError(f'destination "{self._text}" must be a directory or a regular file')
            if self._is_directory:
                raise CliError("cannot copy directory")
            if self._text.endswith("/"):
                raise CliError("not a directory")
            return path
        if not self._is_directory and self._text.endswith("/"):
            raise CliError("no such directory")
        return path


def extract(chunks: "Iterator[bytes]", name: str, place: str, *, keep_owner: bool) -> int:
    """Unpacks an archive whose first member is called `name` so that it is at `place`; the bytes of the archive.

    Raises CliError for what leads out or cannot be written.
    """
    source = _Source(chunks)
    unpacking = _Unpacking(name, place, keep_owner=keep_owner)
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=_CHUNK) as tar:  # type: ignore[call-overload]  # it reads
            for member in tar:
                tar.members = []  # or they would all be kept
                unpacking.add(tar, member)
        unpacking.finish()
    except tarfile.TarError as error:
        raise CliError(f"the archive from the engine is damaged: {error}") from None
    except OSError as error:
        raise CliError(f"{error.filename or place}: {(error.strerror or str(error)).lower()}") from None
    source.drain()
    return source.size


class _Unpacking:
    def __init__(self, name: str, place: str, *, keep_owner: bool) -> None:
        self._name = name.strip("/")
        self._place = place
        self._keep_owner = keep_owner
        self._directories: list[tuple[str, tarfile.TarInfo]] = []

    def add(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Writes one member."""
        path = self._locate(member.name)
        if member.isdir():
            self._make_directory(member, path)
            return
        self._make_way(member, path)
        if member.islnk():
            os.link(self._locate(member.linkname), path, follow_symlinks=False)
            return
        if member.issym():
            os.symlink(member.linkname, path)
        elif member.type in _NODES:
            os.mknod(path, _NODES[member.type] | 0o600, os.makedev(member.devmajor, member.devminor))
        else:
            self._write_file(tar, member, path)
        self._describe(member, path)

    def finish(self) -> None:
        """Owners, modes and times of directories last: a directory that cannot be written must be filled before."""
        for path, member in reversed(self._directories):
            self._describe(member, path)

    def _locate(self, name: str) -> str:
        clean = posixpath.normpath(name.lstrip("/") or ".")
        if clean == self._name or clean == ".":
            return self._place
        below = clean.removeprefix(f"{self._name}/") if self._name not in ("", ".") else clean
        parts = below.split("/")
        if ".." in parts:
            raise CliError(f"the archive from the engine holds {name}, which leads out of it")
        path = self._place
        for part in parts[:-1]:
            path = os.path.join(path, part)
            if os.path.islink(path):
                raise CliError(f"{path} is a link: {name} is not written through it")
        return os.path.join(path, parts[-1])

    def _make_directory(self, member: tarfile.TarInfo, path: str) -> None:
        there = os.path.isdir(path) and (path == self._place or not os.path.islink(path))
        if not there:
            self._make_way(member, path)
            os.mkdir(path, 0o700)
        self._directories.append((path, member))

    def _make_way(self, member: tarfile.TarInfo, path: str) -> None:
        if not os.path.lexists(path):
            return
        is_directory = os.path.isdir(path) and not os.path.islink(path)
        if is_directory != member.isdir():
            have, want = ("directory", "non-directory") if is_directory else ("non-directory", "directory")
            raise CliError(f'cannot overwrite {have} "{path}" with {want} "{member.name}"')
        os.unlink(path)

    def _write_file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        data = tar.extractfile(member)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb", buffering=0) as file:
            if data is not None:
                shutil.copyfileobj(data, file, _CHUNK)

    def _describe(self, member: tarfile.TarInfo, path: str) -> None:
        if self._keep_owner and os.geteuid() == 0:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)
        if not member.issym():
            os.chmod(path, stat.S_IMODE(member.mode))
        os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)


class _Source:
    """A file for tarfile over chunks."""

    def __init__(self, chunks: "Iterator[bytes]") -> None:
        self._chunks = chunks
        self._rest = b""
        self.size = 0

    def read(self, size: int) -> bytes:
        """Between 1 and `size` bytes; none at the end. tarfile asks again for what is missing."""
        pieces: list[bytes] = []
        while size:
            if not self._rest:
                self._rest = next(self._chunks, b"")
                self.size += len(self._rest)
                if not self._rest:
                    break
            pieces.append(self._rest[:size])
            self._rest = self._rest[size:]
            size -= len(pieces[-1])
        return b"".join(pieces)

    def drain(self) -> None:
        """Reads what follows the archive's end."""
        while self.read(_CHUNK):
            pass
