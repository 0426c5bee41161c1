"""What an engine holds on its host, listed by id, so that a test can show that nothing more is there afterwards."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from support.engine import Engine, bridges_of, find_processes, mounts_below, nft_tables
from support.wait import wait_for

State = dict[str, set[str]]

# What changes by itself and is nobody's leak. The keeper and the relay live on for a while when nothing is left for
# them to do: what they hold is listed instead of them.
_NOISE = re.compile(r"/(pierd\.log|pierd\.pid|(pier|keeper|relay)\.sock|lock|pier\.db(-wal|-shm)?)$")

# Of the snapshot that an image's containers stand on: it stays as long as the image, and holds the image's own layers.
_OF_AN_IMAGE = "-init"


def take(engine: Engine) -> State:
    """Everything of this engine that could be left behind, by kind."""
    ctr = ["ctr", "--address", engine.containerd, "--namespace", engine.namespace]
    return {
        "containers": rows([*ctr, "containers", "list", "--quiet"]),
        "tasks": rows([*ctr, "tasks", "list", "--quiet"]),
        "snapshots": {key for key in first_words(rows([*ctr, "snapshots", "list"])) if not key.endswith(_OF_AN_IMAGE)},
        "leases": rows([*ctr, "leases", "list", "--quiet"]),
        "ingests": first_words(rows([*ctr, "content", "active"])),
        "mounts": set(mounts_below(engine.exec_root, engine.data_root)),
        "files": set(files(engine)),
        "bridges": set(bridges_of(engine.namespace)),
        "bridge ports": {port for bridge in bridges_of(engine.namespace) for port in bridge_ports(bridge)},
        "nft": set(nft_lines(engine)),
        "cgroups": set(cgroups(engine.cgroup_parent)),
        "shims": {command_line(pid) for pid in find_processes(f" -namespace {engine.namespace} ")} - {""},
        "descriptors of pierd": set(descriptors(engine)),
        "descriptors in the keeper": set(kept(engine)),
        "ports of the relay": relayed(engine),
    }


def assert_nothing_left(engine: Engine, before: State, *, timeout: float = 15.0) -> None:
    """Waits until the engine holds no more than `before`; raises AssertionError that lists what is left."""
    left: State = {}

    def is_clean() -> bool:
        left.clear()
        left.update(more_than(before, take(engine)))
        return not left

    try:
        wait_for(is_clean, what="nothing is left behind", timeout=timeout, interval=0.3)
    except AssertionError:
        if not left:  # the look itself has failed
            raise
        text = "\n".join(f"  {kind}: {', '.join(sorted(things)[:12])}" for kind, things in left.items())
        raise AssertionError(f"left behind after {timeout:g} s:\n{text}") from None


def more_than(before: State, after: State) -> State:
    """What is in `after` and was not in `before`."""
    found = {kind: things - before.get(kind, set()) for kind, things in after.items()}
    return {kind: things for kind, things in found.items() if things}


def rows(command: list[str]) -> set[str]:
    """The lines that a command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return {line for line in done.stdout.splitlines() if line.strip()}


def command_line(pid: int) -> str:
    """`pid words...`, or nothing if it has just gone."""
    try:
        return f"{pid} {Path(f'/proc/{pid}/cmdline').read_text()}".replace("\0", " ").strip()
    except OSError:
        return ""


def first_words(lines: set[str]) -> set[str]:
    """The first column of a table, its title left out."""
    return {line.split()[0] for line in lines} - {"KEY", "REF"}


def files(engine: Engine) -> Iterator[str]:
    """Run-time files and what belongs to single containers and volumes; not the folders that hold them, made once."""
    fixed = {f"{engine.exec_root}/runc/{engine.namespace}"}
    for root in (engine.exec_root, engine.data_root):
        fixed |= {
            str(root),
            *(f"{root}/{name}" for name in ("io", "netns", "runc", "shm", "staged", "containers", "volumes")),
        }
        for folder, _, names in os.walk(root):
            for path in [folder, *(f"{folder}/{name}" for name in names)]:
                if path not in fixed and not _NOISE.search(path):
                    yield path


def bridge_ports(bridge: str) -> set[str]:
    """The host ends of veth pairs that hang on the bridge."""
    folder = Path(f"/sys/class/net/{bridge}/brif")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def nft_lines(engine: Engine) -> Iterator[str]:
    """The lines of the engine's tables, without counters."""
    for family, table in nft_tables(engine.namespace.replace("-", "_")):
        for line in rows(["nft", "list", "table", family, table]):
            for element in re.split(r",\s", re.sub(r"counter packets \d+ bytes \d+", "", line)):
                yield f"{table}: {element.strip(' ,{}')}"


def cgroups(parent: str) -> Iterator[str]:
    """Control groups below the engine's parent, in each hierarchy."""
    for top in [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").iterdir()]:
        for folder, _, _ in os.walk(f"{top}{parent}"):
            if folder != f"{top}{parent}":
                yield folder


def kept(engine: Engine) -> Iterator[str]:
    """The names of what the engine's keeper holds, if there is one (its requests: pier/keeper/process.py)."""
    # One that was idle for long enough ends, perhaps right after we have connected: then it held nothing.
    with suppress(ConnectionError), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as keeper:
        if keeper.connect_ex(str(engine.exec_root / "keeper.sock")) != 0:
            return
        last = ""
        while True:
            keeper.send(f"list {last}".encode())
            names = [name for name in keeper.recv(65536).decode().removeprefix("ok ").split("\n") if name]
            if not names:
                return
            yield from names
            last = names[-1]


def relayed(engine: Engine) -> set[str]:
    """The names of what the engine's relay serves, if there is one (its requests: pier/network/relay/process.py)."""
    with suppress(ConnectionError), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as relay:  # as the keeper
        if relay.connect_ex(str(engine.exec_root / "relay.sock")) == 0:
            relay.send(b"list")
            return set(relay.recv(65536).decode().removeprefix("ok").split())
    return set()


def descriptors(engine: Engine) -> Iterator[str]:
    """Files of single containers that pierd holds open: FIFOs, logs, namespaces."""
    for link in Path(f"/proc/{engine.pid}/fd").glob("*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith((f"{engine.exec_root}/", f"{engine.data_root}/containers/")) and not _NOISE.search(target):
            yield target
