"""Shims that containerd has lost: it leaves one running when making or deleting a task is cut off.

A shim outlives containerd by design, as a process `containerd-shim-… -namespace N -id CONTAINER -address SOCKET`. One
that several containers share bears the id of the first of them, also when that one has long ended.
"""

import itertools
import os
import signal
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path


def end_shims(
    container_id: str, *, namespace: str, address: str, in_use: Collection[int] = (), root: Path = Path("/")
) -> bool:
    """Kills the shims that bear that container's id and removes their sockets; False if there is none.

    For a container without a task only: with one, the shim's death would be the container's. `in_use` are the first
    processes of others: a shim that is the parent of one of them serves it, and stays.
    """
    ended = False
    for pid in find_shims(container_id, namespace=namespace, address=address, root=root):
        if pid not in {_parent(root / "proc" / str(process)) for process in in_use}:
            ended |= _end(pid, container_id, namespace, address, root)
    return ended


def _end(pid: int, container_id: str, namespace: str, address: str, root: Path) -> bool:
    sockets = _listening_paths(root / "proc" / str(pid))
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        # Looked at again through the same pid: it is still that process, and not a new one with its number.
        if not _is_shim(root / "proc" / str(pid), container_id, namespace, address):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    for path in sockets:
        with suppress(OSError):
            os.unlink(path)
    return True


def find_shims(container_id: str, *, namespace: str, address: str, root: Path = Path("/")) -> list[int]:
    """The pids of the shims that were started for a container, by their command lines."""
    return list_shims(namespace=namespace, address=address, root=root).get(container_id, [])


def list_shims(*, namespace: str, address: str, root: Path = Path("/")) -> dict[str, list[int]]:
    """The pids of the shims that serve one containerd's namespace, by container id.

    There may be two for a container: one that it left to others when it ended, and one of its present run.
    """
    found = defaultdict(list)
    for process in (root / "proc").iterdir():
        if process.name.isdigit():
            options = _shim_options(process)
            if (options.get("-namespace"), options.get("-address")) == (namespace, address):
                found[options.get("-id", "")].append(int(process.name))
    return dict(found)


def _parent(process: Path) -> int:
    """0 for a process that is gone. Its name stands in brackets before it and may hold any character (proc(5))."""
    try:
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _shim_options(process: Path) -> dict[str, str]:
    """The options of a shim's command line; none for another program or a process that is gone."""
    try:
        arguments = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    is_shim = os.path.basename(arguments[0]).startswith("containerd-shim")
    return dict(itertools.pairwise(arguments)) if is_shim else {}


def _is_shim(process: Path, container_id: str, namespace: str, address: str) -> bool:
    options = _shim_options(process)
    return (options.get("-namespace"), options.get("-id"), options.get("-address")) == (
        namespace,
        container_id,
        address,
    )


def _listening_paths(process: Path) -> list[str]:
    """The unix sockets in the file system that a process has open (proc(5): fd links are `socket:[inode]`)."""
    inodes = set()
    with suppress(OSError):
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                target = os.readlink(link)
                if target.startswith("socket:["):
                    inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    with suppress(OSError):
        # Columns of /proc/net/unix: Num RefCount Protocol Flags Type St Inode Path
        rows = [line.split() for line in (process / "net" / "unix").read_text().splitlines()[1:]]
        return [row[7] for row in rows if len(row) == 8 and row[6] in inodes and row[7].startswith("/")]
    return []
