"""Directory trees that containers have filled: removed and measured however deep they are. Blocks: use in a thread.

shutil.rmtree and os.walk go down by recursion, which a tree of a thousand levels ends.
"""

import os
from contextlib import suppress

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_Identity = tuple[int, int]


def remove_tree(path: str) -> None:
    """All in a directory and itself; absent is no error. Follows no link and needs no path longer than a name."""
    try:
        here = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        return
    way: list[tuple[str, _Identity]] = []  # the names that lead here, each with the directory that it is in
    try:
        while True:
            if name := _remove_files(here):
                below = os.open(name, _DIRECTORY, dir_fd=here)
                way.append((name, _identity(os.fstat(here))))
                os.close(here)
                here = below
            elif way:
                name, identity = way.pop()
                above = os.open("..", _DIRECTORY, dir_fd=here)
                os.close(here)
                here = above
                if _identity(os.fstat(here)) != identity:
                    raise OSError(f"{path} was moved about while it was removed")
                os.rmdir(name, dir_fd=here)
            else:
                break
    finally:
        os.close(here)
    os.rmdir(path)


def measure_tree(path: str) -> int:
    """Bytes on disk of everything in it; a file with several links counts once. What goes meanwhile does not count."""
    seen: set[_Identity] = set()
    total = 0

    def add(facts: os.stat_result) -> None:
        nonlocal total
        if _identity(facts) not in seen:
            seen.add(_identity(facts))
            total += facts.st_blocks * 512

    waiting = [path]
    while waiting:
        with suppress(OSError):
            here = waiting.pop()
            add(os.lstat(here))
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        with suppress(FileNotFoundError):
                            add(entry.stat(follow_symlinks=False))
    return total


def _remove_files(directory: int) -> str:
    """Until nothing but directories is there: the name of one of them, or "" for none."""
    removed = True
    while removed:  # what is removed while it is listed may hide others
        removed = False
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    return entry.name
                with suppress(FileNotFoundError):
                    os.unlink(entry.name, dir_fd=directory)
                removed = True
    return ""


def _identity(facts: os.stat_result) -> _Identity:
    return facts.st_dev, facts.st_ino
