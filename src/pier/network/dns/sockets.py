"""What a resolver needs inside a container's network namespace: two sockets, and the rules that lead to them.

The sockets are bound to high ports of 127.0.0.11 and packets to its port 53 are translated there, so that a DNS server
in the container can still bind port 53 of every address. Everything here blocks.
"""

import socket

from pier.network.netns import enter, in_thread
from pier.network.nftables import Nftables, NftError

ADDRESS = "127.0.0.11"
_TABLE = "pier_dns"
_BACKLOG = 32
_WAITING = 1 << 20  # bytes of questions, with the kernel's own (some 800 for each), that may wait for an answer
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h: SO_RCVBUF beyond net.core.rmem_max


def open_servers(netns: int) -> tuple[socket.socket, socket.socket]:
    """(bound UDP socket, listening TCP socket) inside, with the rules in place. Raises OSError, PierError."""
    return in_thread(lambda: _open_servers(netns))


def open_socket(netns: int, family: int, kind: int) -> socket.socket:
    """A socket inside that does not block. Raises OSError."""
    return in_thread(lambda: _open_socket(netns, family, kind))


def render_redirection(udp_port: int, tcp_port: int) -> str:
    """Commands that make the table, and fail if it is there. Answers are translated back by connection tracking."""
    return f"""create table ip {_TABLE}
table ip {_TABLE} {{
  chain output {{
    type nat hook output priority -100; policy accept;
    ip daddr {ADDRESS} udp dport 53 dnat to {ADDRESS}:{udp_port}
    ip daddr {ADDRESS} tcp dport 53 dnat to {ADDRESS}:{tcp_port}
  }}
}}
"""


def _open_servers(netns: int) -> tuple[socket.socket, socket.socket]:
    enter(netns)
    opened: list[socket.socket] = []
    nft = Nftables()
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            opened.append(socket.socket(socket.AF_INET, kind | socket.SOCK_CLOEXEC))
            opened[-1].bind((ADDRESS, 0))
        datagrams, listener = opened
        _make_room(datagrams)
        listener.listen(_BACKLOG)
        _redirect(nft, render_redirection(datagrams.getsockname()[1], listener.getsockname()[1]))
    except BaseException:
        for sock in opened:
            sock.close()
        raise
    finally:
        nft.close()
    return datagrams, listener


def _make_room(sock: socket.socket) -> None:
    """For what comes while the loop is busy, or while pierd restarts; by default there is room for 270 questions."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _WAITING // 2)  # the kernel doubles it (socket(7))
    except PermissionError:  # the namespace is not the host's own: what rmem_max allows, then
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WAITING // 2)


def _redirect(nft: Nftables, commands: str) -> None:
    """A table of before, whose ports nobody serves any more, gives way. (To delete one that is not there, to be on the
    safe side, makes the kernel wait for ten milliseconds and more.)"""
    try:
        nft.run(commands)
    except NftError:
        nft.run(f"delete table ip {_TABLE}\n{commands}")


def _open_socket(netns: int, family: int, kind: int) -> socket.socket:
    enter(netns)
    sock = socket.socket(family, kind | socket.SOCK_CLOEXEC)
    sock.setblocking(False)
    return sock
