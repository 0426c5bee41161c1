"""`pier container cp`, `pier cp`: files between a container and this host, or a tar archive by way of `-`."""

import os
import posixpath

from pier.cli.archive_file import copy_to_stdout
from pier.cli.errors import CliError
from pier.cli.flags import Command, Flag, Values
from pier.cli.terminal import STDIN, STDOUT, is_terminal
from pier.client.errors import ApiError
from pier.client.json_codec import decode
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pier.cli.session import Session
    from pier.client.query import Query

_STAT_HEADER = "x-docker-container-path-stat"
_GO_DIRECTORY, _GO_LINK = 1 << 31, 1 << 27  # bits of Go's io/fs.FileMode
_MAX_LINKS = 10
_CHUNK = 1 << 20


def cp(session: "Session", values: Values, arguments: list[str]) -> int:
    """Copy out of a container, or into one."""
    source, target = (split_argument(text) for text in arguments)
    if source[0] and target[0]:
        raise CliError("copying between containers is not supported")
    if not source[0] and not target[0]:
        raise CliError("must specify at least one container source")
    copying = _Copying(session, follow=values.flag("follow-link"), keep_owner=values.flag("archive"))
    size = copying.out(*source, target[1]) if source[0] else copying.into(source[1], *target)
    quiet = values.flag("quiet") if values.given("quiet") else not is_terminal(STDOUT)
    if not quiet and "-" not in arguments:
        from pier.wire.sizes import human_size

        session.err(f"Successfully copied {human_size(size)} to {arguments[1]}\n")
    return 0


def split_argument(text: str) -> "tuple[str, str]":
    """(container, path); a path of this host has no container. A colon behind a slash or dot belongs to the path."""
    container, colon, path = text.partition(":")
    if not colon or container.startswith((".", "/")) or not container:
        return "", text
    return container, path


class _Copying:
    def __init__(self, session: "Session", *, follow: bool, keep_owner: bool) -> None:
        self._session = session
        self._follow = follow
        self._keep_owner = keep_owner

    def out(self, container: str, path: str, target: str) -> int:
        """Bytes of the archive that came."""
        name = posixpath.basename(posixpath.normpath("/" + path.lstrip("/")))
        if self._follow and path:
            path, _ = self._followed(container, path)
        if target != "-":
            _check_output(target)
        response = self._session.client.request("GET", _route(container), {"path": path})
        if target == "-":
            return copy_to_stdout(response)
        from pier.cli.container.copy_out import Destination, extract

        found = _read_stat(response.headers)
        is_directory = bool(found["mode"] & _GO_DIRECTORY)
        try:
            place = Destination(target, name, is_directory=is_directory, content=_means_content(path)).place()
            return extract(response.chunks(), found["name"], place, keep_owner=self._keep_owner)
        finally:
            response.close()

    def into(self, source: str, container: str, path: str) -> int:
        """Bytes of the archive that went."""
        path, found = self._followed(container, path, must_exist=False)
        if source == "-":
            if found is None or not found["mode"] & _GO_DIRECTORY:
                raise CliError(f'destination "{container}:{path}" must be a directory')
            return self._put(container, path, _read_stdin())
        from pier.cli.container.copy_in import Source, pack

        local = Source(source, follow=self._follow)
        directory, name = _place(path, found, local.is_directory, local.name)
        return self._put(container, directory, pack(local.path, name))

    def _put(self, container: str, path: str, chunks: "Iterator[bytes]") -> int:
        counted = _Counted(chunks)
        query: Query = {
            "path": path,
            "noOverwriteDirNonDir": "true",
            "copyUIDGID": "true" if self._keep_owner else None,
        }
        client = self._session.client
        client.upload(_route(container), query, counted, "application/x-tar", method="PUT").read()
        return counted.size

    def _followed(
        self, container: str, path: str, *, must_exist: bool = True
    ) -> "tuple[str, Mapping[str, Any] | None]":
        """The path that links at its end lead to, and what lies there (None: nothing)."""
        for _ in range(_MAX_LINKS):
            try:
                response = self._session.client.request("HEAD", _route(container), {"path": path})
            except ApiError as error:
                if must_exist or error.status != 404:
                    raise
                return path, None
            found = _read_stat(response.headers)
            if not found["mode"] & _GO_LINK:
                return path, found
            path = found["linkTarget"]
        raise CliError(f"{container}:{path}: too many links")


def _check_output(target: str) -> None:
    parent = os.path.dirname(os.path.realpath(target))
    if not os.path.isdir(parent):
        raise CliError(f'invalid output path: directory "{parent}" does not exist')


def _place(path: str, found: "Mapping[str, Any] | None", is_directory: bool, name: str) -> "tuple[str, str]":
    """(directory to unpack in, name of the archive's first member; "." for content alone)."""
    if found is not None and found["mode"] & _GO_DIRECTORY:
        return path, name
    if found is not None and is_directory:
        raise CliError("cannot copy directory")
    if path.endswith("/") and not is_directory:
        raise CliError("not a directory" if found is not None else "no such directory")
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return posixpath.dirname(clean), posixpath.basename(clean) or name


def _means_content(path: str) -> bool:
    return path == "." or path.endswith("/.")


def _route(container: str) -> str:
    return f"/containers/{quote_path(container)}/archive"


def _read_stat(headers: "Mapping[str, str]") -> "Mapping[str, Any]":
    import base64

    try:
        found = decode(base64.b64decode(headers.get(_STAT_HEADER, "")))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CliError("the engine does not say what lies at that path")
    return found


def _read_stdin() -> "Iterator[bytes]":
    while chunk := os.read(STDIN, _CHUNK):
        yield chunk


class _Counted:
    """Counts what passes."""

    def __init__(self, chunks: "Iterator[bytes]") -> None:
        self._chunks = chunks
        self.size = 0

    def __iter__(self) -> "Iterator[bytes]":
        for chunk in self._chunks:
            self.size += len(chunk)
            yield chunk


CP = Command(
    "container cp",
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tpier cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    "Copy files between a container and this host",
    (
        Flag("archive", "a", help="Keep owners (out), or give all to the container's user (in)"),
        Flag("follow-link", "L", help="Copy what a link at the end of SRC_PATH leads to"),
        Flag("quiet", "q", help="Do not say what was copied"),
    ),
    cp,
    least=2,
    most=2,
)
