"""Paths of a container as `docker cp` writes them, and what lies there. Blocks: use in a thread."""

import os
import posixpath
import stat
from collections import deque
from dataclasses import dataclass

from pier.domain.archive import PathStat, Root
from pier.domain.errors import InvalidArgument, NotFound, PierError

_MAX_LINKS = 40  # as the kernel, path_resolution(7)


@dataclass(frozen=True, slots=True)
class CopyPath:
    """`path` is absolute and clean; `name` the base name as asked for, `.` for `x/.` and `x/./`, `/` for the root.

    `follows`: it ends in a slash or `/.`, so it means the directory that a link at its end leads to.
    """

    text: str
    path: str
    name: str
    follows: bool


def parse_path(text: str) -> CopyPath:
    """Relative paths count from the root; `..` is taken out of the text, and cannot leave. Raises InvalidArgument."""
    if not text:
        raise InvalidArgument("bad parameter: path cannot be empty")
    if "\0" in text:
        raise InvalidArgument("bad parameter: path holds a zero byte")
    path = posixpath.normpath("/" + text.lstrip("/"))
    is_dot = posixpath.basename(text.rstrip("/")) == "."
    name = "." if is_dot else posixpath.basename(path) or "/"
    return CopyPath(text, path, name, is_dot or text.endswith("/") or path == "/")


def open_path(root: Root, asked: CopyPath) -> int:
    """An O_PATH descriptor of it: nothing there, neither FIFO nor device, notices. Raises NotFound, InvalidArgument."""
    try:
        return root.open(asked.path, os.O_PATH | (os.O_DIRECTORY if asked.follows else os.O_NOFOLLOW))
    except NotADirectoryError as error:
        if asked.follows and _exists(root, asked.path):
            raise InvalidArgument(f"{asked.text} in the container is not a directory") from error
        raise NotFound(_absent(asked.text)) from error
    except FileNotFoundError as error:
        raise NotFound(_absent(asked.text)) from error
    except OSError as error:
        raise PierError(f"{asked.text} in the container cannot be reached: {error.strerror}") from error


def open_directory(root: Root, asked: CopyPath) -> int:
    """A descriptor of the directory there, a link at its end followed. Raises NotFound, InvalidArgument."""
    try:
        return root.open(asked.path, os.O_RDONLY | os.O_DIRECTORY)
    except NotADirectoryError as error:
        if _exists(root, asked.path):
            raise InvalidArgument("extraction point is not a directory") from error
        raise NotFound(_absent(asked.text)) from error
    except FileNotFoundError as error:
        raise NotFound(_absent(asked.text)) from error
    except OSError as error:
        raise PierError(f"{asked.text} in the container cannot be reached: {error.strerror}") from error


def stat_path(root: Root, text: str) -> PathStat:
    """What lies at a path. Raises NotFound, InvalidArgument."""
    asked = parse_path(text)
    handle = open_path(root, asked)
    try:
        return describe(root, asked, handle)
    finally:
        os.close(handle)


def describe(root: Root, asked: CopyPath, handle: int) -> PathStat:
    """The same of what is open already."""
    facts = os.fstat(handle)
    return PathStat(
        name=asked.name,
        size=facts.st_size,
        mode=facts.st_mode,
        modified_at=facts.st_mtime_ns,
        link_target=find_target(root, asked.path) if stat.S_ISLNK(facts.st_mode) else "",
    )


def find_target(root: Root, path: str) -> str:
    """Where a path leads inside the root once every link is followed, absolute; it need not be there.

    A text for people and clients: whoever opens the path resolves it again. Raises InvalidArgument for a loop.
    """
    waiting = deque(path.split("/"))
    done: list[str] = []
    links = 0
    while waiting:
        part = waiting.popleft()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        target = _read_link(root, "/".join(("", *done, part)))
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise InvalidArgument(f"{path} in the container: too many levels of symbolic links")
        if target.startswith("/"):
            done.clear()
        waiting.extendleft(reversed(target.split("/")))
    return "/" + "/".join(done)


def _read_link(root: Root, path: str) -> str | None:
    """The text of a link; None for anything else, or nothing."""
    try:
        handle = root.open(path, os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return os.readlink("", dir_fd=handle) if stat.S_ISLNK(os.fstat(handle).st_mode) else None
    finally:
        os.close(handle)


def _exists(root: Root, path: str) -> bool:
    try:
        os.close(root.open(path, os.O_PATH))
    except OSError:
        return False
    return True


def _absent(path: str) -> str:
    return f"Could not find the file {path} in the container"
