"""Sockets that wait for packets, by the tables of /proc/<pid>/net (proc_pid_net(5)). Blocks: use in a thread."""

import os
import socket
import struct
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pier.domain.errors import NotFound
from pier.domain.network import Listener

_TABLES = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))
_LISTEN, _UNCONNECTED = "0A", "07"  # net/tcp_states.h
_WAITING = {"tcp": _LISTEN, "udp": _UNCONNECTED}


def list_listeners(pid: int, pids: Collection[int], root: Path = Path("/")) -> list[Listener]:
    """In the network namespace of `pid`, by protocol and port; owners are looked for among `pids`.

    Raises NotFound when `pid` is gone.
    """
    owners = _owners(pids, root)
    found = []
    for table, protocol in _TABLES:
        for address, port, inode in _read_table(root / f"proc/{pid}/net" / table, _WAITING[protocol]):
            found.append(Listener(protocol=protocol, address=address, port=port, owner=owners.get(inode, "")))
    if not found and not (root / f"proc/{pid}").exists():
        raise NotFound(f"process {pid} is gone")
    return sorted(found, key=lambda item: (item.protocol, item.port, item.address))


def _read_table(path: Path, state: str) -> Iterator[tuple[str, int, int]]:
    """(address, port, inode) of each socket in this state; nothing when the kernel has no such table."""
    try:
        lines = path.read_text().splitlines()[1:]
    except (FileNotFoundError, ProcessLookupError):
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 9 and fields[3] == state:
            address, _, port = fields[1].partition(":")
            yield parse_address(address), int(port, 16), int(fields[9])


def parse_address(text: str) -> str:
    """Words of 32 bits in the host's byte order, as hexadecimal numbers."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def _owners(pids: Collection[int], root: Path) -> Mapping[int, str]:
    """`name (pid)` by the inode of each socket that these processes have open."""
    owners: dict[int, str] = {}
    for pid in pids:
        directory = root / f"proc/{pid}"
        try:
            name = (directory / "comm").read_text().strip()
            entries = list((directory / "fd").iterdir())
        except OSError:  # it has ended
            continue
        for entry in entries:
            try:
                target = os.readlink(entry)
            except OSError:
                continue
            if target.startswith("socket:["):
                owners.setdefault(int(target[8:-1]), f"{name} ({pid})")
    return owners
