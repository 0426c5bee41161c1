"""What processes cost: the memory and CPU time of a daemon, its further processes and its containers' monitors.

Needs the engines' processes in this PID namespace, and root.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from benchmark.engine import Engine
from benchmark.marks import CheckFailed, expect

LISTENS = 0x10000  # __SO_ACCEPTCON in the flags column of /proc/net/unix
BESIDE = ("keeper.sock", "relay.sock")  # what Pier's further processes listen on, beside its API's socket


def process_tree() -> dict[int, int]:
    """PID -> parent of every process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(stat_fields(int(entry.name))[1])
    return parents


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name, the state first."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def below(roots: Iterable[int], parents: Mapping[int, int]) -> set[int]:
    """These processes and all their descendants."""
    found = set(roots)
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return found


def listeners(path: str) -> set[int]:
    """The processes that listen on a unix socket. PID 1 is left out: systemd holds the sockets of what it starts.

    Nothing is connected, as some helpers take one client only.
    """
    wanted = {f"socket:[{inode}]" for inode in listening_inodes(path, Path("/proc/net/unix").read_text())}
    return {pid for pid, link in descriptors() if link in wanted and pid != 1} if wanted else set()


def listening_inodes(path: str, table: str) -> set[str]:
    """The inodes of the listening sockets bound to `path`, by the text of /proc/net/unix."""
    real = os.path.realpath(path)
    rows = (line.split(maxsplit=7) for line in table.splitlines()[1:])
    bound = (row for row in rows if len(row) == 8 and int(row[3], 16) & LISTENS)
    return {row[6] for row in bound if row[7] == path or os.path.realpath(row[7]) == real}


def descriptors() -> Iterator[tuple[int, str]]:
    """(PID, what it is) of every open descriptor of every process."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            for link in (entry / "fd").iterdir():
                with suppress(OSError):
                    yield int(entry.name), os.readlink(link)


def daemon_pids(engine: Engine) -> set[int]:
    """The engine's own process; CheckFailed when none here listens on its socket."""
    found = listeners(engine.sock)
    expect(found, f"no process of this PID namespace listens on {engine.sock}")
    return found


def footprint(engine: Engine) -> dict[int, tuple[str, int]]:
    """PID -> (name, PSS in kB) of the daemon, its further processes and monitors; not of what runs in containers."""
    roots = daemon_pids(engine)
    beside = [str(Path(engine.sock).parent / name) for name in BESIDE]
    for also in (*engine.also, *filter(os.path.exists, beside)):
        roots |= {int(also)} if also.isdigit() else listeners(also)
    inits = set(init_pids(engine))
    parents = process_tree()
    pids = below(roots, parents)
    for init in inits:
        pids |= set(ancestors(init, parents))
    sizes: dict[int, tuple[str, int]] = {}
    for pid in pids - below(inits, parents) - below({os.getpid()}, parents):
        with suppress(OSError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            if match := re.search(r"^Pss:\s+(\d+)", rollup, re.M):
                sizes[pid] = (Path(f"/proc/{pid}/comm").read_text().strip(), int(match[1]))
    return sizes


def ancestors(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    """The parents of a process up to, and without, PID 1."""
    while (pid := parents.get(pid, 1)) > 1:
        yield pid


def init_pids(engine: Engine) -> Iterator[int]:
    """The first process of each container that runs."""
    for container in engine.listed():
        with suppress(CheckFailed):  # gone since it was listed
            pid = int(engine.inspect(container["Id"])["State"]["Pid"])
            if pid > 1:
                yield pid


def by_name(sizes: Mapping[int, tuple[str, int]]) -> dict[str, int]:
    """kB by name of process."""
    sums: dict[str, int] = {}
    for name, size in sizes.values():
        sums[name] = sums.get(name, 0) + size
    return sums


def cpu_ms(pids: Iterable[int]) -> float:
    """Milliseconds of CPU time that the threads of these processes have had, to the nanosecond; ended threads left out.

    /proc/PID/stat has them too, but in ticks of 10 ms, of which an engine at rest has less than one a second. They are
    taken only where the kernel keeps no schedstat (CONFIG_SCHED_INFO).
    """
    if not os.path.exists("/proc/self/schedstat"):
        return sum(map(ticks, pids)) * 1000 / os.sysconf("SC_CLK_TCK")
    spent = 0
    for pid in pids:
        with suppress(OSError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with suppress(OSError):
                    spent += int((thread / "schedstat").read_text().split()[0])
    return spent / 1e6


def ticks(pid: int) -> int:
    """Clock ticks of CPU time that a process has had; 0 when it is gone."""
    try:
        fields = stat_fields(pid)
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or dead and only not yet reaped."""
    try:
        return stat_fields(pid)[0] == "Z"
    except OSError:
        return True
