"""Where the cgroup hierarchies of this host are mounted (cgroups(7)). Blocks: use in a thread.

Version 2 counts only if it is what is mounted on /sys/fs/cgroup; the hybrid layout, with version 1 there and an almost
empty version 2 beside it, is version 1: the OCI runtimes decide by the same rule.
"""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pier.domain.errors import NotFound, PierError

MOUNT_ROOT = "/sys/fs/cgroup"
_REMOVE_TRIES, _REMOVE_PAUSE = 50, 0.02  # one second for dying processes to be reaped


@dataclass(frozen=True, slots=True)
class _Mounted:
    path: Path  # where it is mounted
    root: str  # which part of the hierarchy that is: "/" unless in a cgroup namespace

    def below(self, cgroup_path: str) -> Path:
        relative = filesystem_path(cgroup_path)
        if self.root != "/" and (relative + "/").startswith(self.root + "/"):
            relative = relative[len(self.root) :]
        return self.path / relative.lstrip("/")


class Hierarchy:
    """The mounted hierarchies: one for version 2, one a controller (some share) for version 1."""

    def __init__(
        self,
        version: int,
        mounted: Mapping[str, _Mounted],
        controllers: frozenset[str],
        aside: _Mounted | None = None,
    ) -> None:
        self.version = version
        self.controllers = controllers
        self._mounted = mounted
        self._aside = aside  # version 2 of the hybrid layout: runtimes make cgroups there too

    def directory(self, controller: str, cgroup_path: str) -> Path:
        """The directory of a cgroup in a controller's hierarchy. Raises NotFound when that is not mounted."""
        mounted = self._mounted.get("" if self.version == 2 else controller)
        if mounted is None:
            raise NotFound(f"cgroup controller {controller} is not mounted")
        return mounted.below(cgroup_path)

    def counts_swap(self) -> bool:
        """Whether memory and swap together can be limited."""
        if self.version == 2 or "memory" not in self._mounted:
            return self.version == 2
        return (self._mounted["memory"].path / "memory.memsw.limit_in_bytes").exists()

    def remove(self, cgroup_path: str) -> None:
        """Kills what is in a cgroup and removes it with its children from every hierarchy.

        Raises PierError when it stays busy.
        """
        if filesystem_path(cgroup_path) == "/":
            raise PierError("the root cgroup cannot be removed")
        for mounted in self._everywhere():
            _kill_all(mounted.below(cgroup_path))
            _remove_tree(mounted.below(cgroup_path))

    def children(self, cgroup_path: str) -> set[str]:
        """The names of the cgroups right below one, in any hierarchy."""
        names: set[str] = set()
        for mounted in self._everywhere():
            with suppress(OSError):
                names |= {entry.name for entry in os.scandir(mounted.below(cgroup_path)) if entry.is_dir()}
        return names

    def _everywhere(self) -> list[_Mounted]:
        return [*self._mounted.values(), *filter(None, [self._aside])]


def find_hierarchy(root: Path = Path("/")) -> Hierarchy:
    """Reads /proc/self/mountinfo (proc(5)) below `root`."""
    unified: _Mounted | None = None
    aside: _Mounted | None = None
    by_controller: dict[str, _Mounted] = {}
    for line in (root / "proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        mount_root, mount_point = fields.split(" ")[3:5]
        filesystem, _, options = rest.split(" ", 2)
        mounted = _Mounted(root / mount_point.lstrip("/"), mount_root)
        if filesystem == "cgroup2" and mount_point == MOUNT_ROOT:
            unified = mounted
        elif filesystem == "cgroup2":
            aside = mounted
        elif filesystem == "cgroup":
            for name in options.split(","):
                if name not in ("rw", "ro", "xattr", "clone_children", "noprefix") and "release_agent" not in name:
                    by_controller.setdefault(name, mounted)
    if unified is not None:
        names = (unified.path / "cgroup.controllers").read_text().split()
        return Hierarchy(2, {"": unified}, frozenset(names))
    return Hierarchy(1, by_controller, frozenset(name for name in by_controller if "=" not in name), aside)


def cgroup_of(pid: int, hierarchy: Hierarchy, root: Path = Path("/")) -> str:
    """The cgroup a process is in, from /proc/<pid>/cgroup. Raises NotFound when the process is gone."""
    try:
        lines = (root / f"proc/{pid}/cgroup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"process {pid} is gone") from error
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "" if hierarchy.version == 2 else "memory" in controllers.split(","):
            return path
    raise NotFound(f"process {pid} is in no memory cgroup")


def filesystem_path(cgroup_path: str) -> str:
    """The path below a hierarchy's mount of a path as the OCI spec has it.

    `slice:prefix:name` is systemd's: `a-b.slice` lies inside `a.slice` (systemd.slice(5)). Raises PierError for `..`.
    """
    if cgroup_path.count(":") == 2:
        slice_name, prefix, name = cgroup_path.split(":")
        cgroup_path = f"{_slice_path(slice_name)}/{prefix}-{name}.scope"
    if ".." in cgroup_path.split("/"):
        raise PierError(f"cgroup path {cgroup_path!r} may not contain '..'")
    if cgroup_path.endswith(".slice") and "/" not in cgroup_path:
        cgroup_path = _slice_path(cgroup_path)
    return os.path.normpath("/" + cgroup_path.lstrip("/"))


def _slice_path(name: str) -> str:
    if name in ("", "-.slice"):
        return ""
    parts = name.removesuffix(".slice").split("-")
    return "/" + "/".join("-".join(parts[: count + 1]) + ".slice" for count in range(len(parts)))


def _kill_all(directory: Path) -> None:
    for path, _, _ in os.walk(directory):
        with suppress(OSError):
            for pid in Path(path, "cgroup.procs").read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


def _remove_tree(directory: Path) -> None:
    """Bottom up, as rmdir(2) is all that cgroups know; a process that is just dying keeps one busy for a moment."""
    for path, _, _ in os.walk(directory, topdown=False):
        for attempt in range(_REMOVE_TRIES):
            try:
                os.rmdir(path)
            except FileNotFoundError:
                pass
            except OSError as error:
                if attempt == _REMOVE_TRIES - 1:
                    raise PierError(f"cgroup {path} cannot be removed: {error.strerror}") from error
                time.sleep(_REMOVE_PAUSE)
                continue
            break
