"""Control groups of this host, in whichever hierarchies it has."""

import os
from pathlib import Path

_TOP = Path("/sys/fs/cgroup")


def cgroups_at(path: str) -> list[Path]:
    """The folders of this cgroup, one in each hierarchy that has it.

    Not by a glob over all cgroups of the host: that fails when one of them, whosever it is, goes meanwhile.
    """
    return [folder for top in (_TOP, *sorted(_TOP.iterdir())) if (folder := top / path.lstrip("/")).is_dir()]


def remove_cgroup(path: str) -> None:
    """Removes an empty cgroup, its children and its emptied parent in every hierarchy."""
    for cgroup in cgroups_at(path):
        children = sorted((folder for folder, _, _ in os.walk(cgroup)), key=len, reverse=True)
        parent = [] if "/" not in path.strip("/") else [str(cgroup.parent)]
        for folder in [*children, *parent]:
            remove_directory(folder)


def remove_directory(path: str) -> None:
    """An empty directory or cgroup; what is not empty stays."""
    try:
        os.rmdir(path)
    except OSError:
        return
