"""Forgets connections that the kernel tracks by a published UDP port.

A flow keeps the translation it began with. UDP has no end, so a client that goes on sending would reach the former
container's address, or the host, for as long as it sends; TCP connections end by themselves. Facts are from the
kernel's uapi header nfnetlink_conntrack.h; numbers in these attributes are in network byte order.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable

from pier.network.netlink import NetlinkSocket, attribute, nested, parse_attributes

_NETLINK_NETFILTER = 12
_SUBSYSTEM = 1 << 8
_GET, _DELETE = _SUBSYSTEM | 1, _SUBSYSTEM | 2
_FAMILIES = tuple(struct.pack("=BBH", family, 0, 0) for family in (socket.AF_INET, socket.AF_INET6))  # struct nfgenmsg
_TUPLE_ORIGINAL, _ID, _FILTER = 1, 12, 25
_TUPLE_PROTOCOL, _PROTOCOL_NUMBER, _DESTINATION_PORT = 2, 1, 3
_FILTER_ORIGINAL, _BY_NUMBER, _BY_DESTINATION_PORT = 1, 1 << 3, 1 << 5


def forget_udp_flows(ports: Iterable[int]) -> None:
    """Drops every flow, of both families, that was sent to one of these UDP ports. Blocks; raises OSError."""
    wanted = set(ports)
    if not wanted:
        return
    with NetlinkSocket(_NETLINK_NETFILTER) as netlink:
        for port in wanted:
            # Kernels before 5.8 do not know the filter and list all flows; so each is looked at again below.
            for family in _FAMILIES:
                for body in netlink.dump(_GET, family + _filter(port)):
                    found = parse_attributes(body[len(family) :])
                    flow = found.get(_TUPLE_ORIGINAL, b"")
                    if _udp_port(flow) == port:
                        one = attribute(_TUPLE_ORIGINAL, flow) + attribute(_ID, found.get(_ID, b""))
                        with contextlib.suppress(FileNotFoundError):  # it ended meanwhile
                            netlink.execute(_DELETE, 0, family + one)


def count_flows(protocol: str, port: int) -> int:
    """How many flows that were sent to a port of this host the kernel tracks, of both families. Raises OSError."""
    number = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP, "sctp": socket.IPPROTO_SCTP}[protocol]
    found = 0
    with NetlinkSocket(_NETLINK_NETFILTER) as netlink:
        for family in _FAMILIES:
            for body in netlink.dump(_GET, family):
                flow = parse_attributes(body[len(family) :]).get(_TUPLE_ORIGINAL, b"")
                found += _destination(flow) == (number, port)
    return found


def _destination(flow: bytes) -> tuple[int, int] | None:
    protocol = parse_attributes(parse_attributes(flow).get(_TUPLE_PROTOCOL, b""))
    number, port = protocol.get(_PROTOCOL_NUMBER, b""), protocol.get(_DESTINATION_PORT, b"")
    return (number[0], int(struct.unpack(">H", port)[0])) if number and len(port) == 2 else None


def _filter(port: int) -> bytes:
    protocol = nested(
        _TUPLE_PROTOCOL,
        attribute(_PROTOCOL_NUMBER, bytes([socket.IPPROTO_UDP])),
        attribute(_DESTINATION_PORT, struct.pack(">H", port)),
    )
    flags = nested(_FILTER, attribute(_FILTER_ORIGINAL, _BY_NUMBER | _BY_DESTINATION_PORT))
    return nested(_TUPLE_ORIGINAL, protocol) + flags


def _udp_port(flow: bytes) -> int | None:
    protocol = parse_attributes(parse_attributes(flow).get(_TUPLE_PROTOCOL, b""))
    if protocol.get(_PROTOCOL_NUMBER) != bytes([socket.IPPROTO_UDP]):
        return None
    port = protocol.get(_DESTINATION_PORT, b"")
    return int(struct.unpack(">H", port)[0]) if len(port) == 2 else None
