"""The files that every container gets from its engine: hostname, hosts, resolv.conf. Blocks: use in a thread."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from pier.domain.errors import PierError
from pier.domain.ids import is_full_id

_HOST_FILES = {"hosts": "etc/hosts", "resolv.conf": "etc/resolv.conf"}
_RESOLVED_STUB = "127.0.0.53"
_RESOLVED_UPSTREAM = "run/systemd/resolve/resolv.conf"
_HOSTS_LIMIT = 1 << 20  # the container may write its hosts file: it decides how long it is


class ContainerFiles:
    """`<directory>/<container id>/{hostname,hosts,resolv.conf}`; `host_root` is where the host's own files are."""

    def __init__(self, directory: Path, *, host_root: Path = Path("/")) -> None:
        self._directory = directory
        self._host_root = host_root

    def write(self, container_id: str, contents: Mapping[str, str | None]) -> dict[str, str]:
        """Writes each file by name; None copies the host's. Returns their paths. Raises PierError when it cannot."""
        directory = self._of(container_id)
        try:
            directory.mkdir(mode=0o710, parents=True, exist_ok=True)
            for name, content in contents.items():
                _rewrite(directory / name, self._host_file(name) if content is None else content)
        except OSError as error:
            raise PierError(f"files of container {container_id} cannot be written: {error}") from error
        return {name: str(directory / name) for name in contents}

    def change_hosts(
        self, container_id: str, added: Sequence[str], removed: Sequence[str], outdated: Sequence[str] = ()
    ) -> None:
        """Takes these lines, each with its end, out of the hosts file and appends others.

        `outdated` are the first names of lines that go, too. Raises PierError when it cannot.
        """
        path = self._of(container_id) / "hosts"
        try:
            with path.open("rb") as file:
                data = file.read(_HOSTS_LIMIT + 1)
            if len(data) > _HOSTS_LIMIT:
                raise PierError(f"file hosts of container {container_id} is longer than 1 MiB; it is left as it is")
            lines = data.decode(errors="surrogateescape").splitlines(keepends=True)
            kept = "".join(line for line in lines if line not in removed and not _names(line, outdated))
            if kept and not kept.endswith("\n"):
                kept += "\n"
            _rewrite(path, kept + "".join(added))
        except OSError as error:
            raise PierError(f"file hosts of container {container_id} cannot be changed: {error}") from error

    def remove(self, container_id: str) -> None:
        """Removes the container's directory with everything in it; absent is no error."""
        try:
            shutil.rmtree(self._of(container_id))
        except FileNotFoundError:
            return
        except OSError as error:
            raise PierError(f"files of container {container_id} cannot be removed: {error}") from error

    def host_resolv_conf(self) -> str:
        """The host's resolver file; where it points to systemd-resolved's stub alone, the one with the real servers.

        (No container with a network namespace of its own reaches that stub.)
        """
        text = self._read(_HOST_FILES["resolv.conf"])
        fields = (line.split() for line in text.splitlines())
        servers = {line[1] for line in fields if len(line) > 1 and line[0] == "nameserver"}
        if servers == {_RESOLVED_STUB}:
            return self._read(_RESOLVED_UPSTREAM) or text
        return text

    def _of(self, container_id: str) -> Path:
        if not is_full_id(container_id):  # it becomes a path that is removed recursively
            raise PierError(f"{container_id!r} is not a container id")
        return self._directory / container_id

    def _host_file(self, name: str) -> str:
        return self._read(_HOST_FILES[name])

    def _read(self, path: str) -> str:
        try:
            return (self._host_root / path).read_text(errors="surrogateescape")
        except FileNotFoundError:
            return ""


def _names(line: str, several: Sequence[str]) -> bool:
    """Whether a line of a hosts file begins, behind its address, with one of these lists of names."""
    words = line.split()
    return any(words[1 : 1 + len(names.split())] == names.split() for names in several)


def _rewrite(path: Path, content: str) -> None:
    """In place, never by a rename: a running container has this inode mounted and would not see another one."""
    data = content.encode(errors="surrogateescape")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "rb+") as file:
        os.fchmod(descriptor, 0o644)
        if os.fstat(descriptor).st_size == len(data) and file.read(len(data)) == data:
            return
        file.seek(0)
        file.write(data)
        file.truncate()
