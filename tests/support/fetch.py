"""Fetching a page from a container, from this host or from another network namespace."""

import errno
import random
import socket
import urllib.error
import urllib.request
from pathlib import Path


def fetch(address: str, port: int, *, path: str = "/", timeout: float = 10.0) -> str:
    """The body of http://address:port/, or "" while nothing answers there or what answers is an error."""
    name = f"[{address}]" if ":" in address else address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{name}:{port}{path}", timeout=timeout) as reply:
            return str(reply.read().decode())
    except (OSError, urllib.error.URLError):
        return ""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port nobody has at this moment, of those that the kernel gives to nobody who does not ask for it by number.

    One that it chose itself could be chosen again for any other socket until it is bound.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(min(10_000, first // 2), first)
        with socket.socket(socket.AF_INET, kind) as probe:
            if not _is_taken(probe, port):
                return port


def _is_taken(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("0.0.0.0", port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return True
    return False
