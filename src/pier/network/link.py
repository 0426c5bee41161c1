"""Links, addresses and routes by rtnetlink: just the messages that Pier needs, without a library and without a fork.

Constants and layouts are from the kernel's uapi headers if_link.h, if_addr.h, rtnetlink.h and veth.h. Everything here
blocks and works in the network namespace of the thread that opened the `Links`; errors are OSError with the kernel's
errno, which the callers translate.
"""

import errno
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from pier.network.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NetlinkSocket,
    attribute,
    nested,
    parse_attributes,
    text,
)

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_RTM_NEWROUTE, _RTM_GETROUTE = 24, 26

_IFF_UP = 1
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER = 1, 3, 4, 10
_IFLA_LINKINFO, _IFLA_IFALIAS, _IFLA_NET_NS_FD = 18, 20, 28
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_VETH_INFO_PEER = 1
_BRPORT_MODE, _BRPORT_ISOLATED = 4, 33
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_TABLE = 1, 4, 5, 15
_RT_TABLE_MAIN, _RTPROT_BOOT, _SCOPE_UNIVERSE, _RTN_UNICAST = 254, 3, 0, 1

_IFINFO = struct.Struct("=BxHiII")  # family, device type, index, flags, change mask
_IFADDR = struct.Struct("=BBBBI")  # family, prefix, flags, scope, index
_RTMSG = struct.Struct("=BBBBBBBBI")  # family, dst and src length, tos, table, protocol, scope, type, flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    index: int
    name: str
    kind: str = ""  # bridge, veth; empty for real hardware
    mac: str = ""
    alias: str = ""
    master: int = 0
    mtu: int = 0
    up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the main table; `gateway` is None when the subnet is on the link itself."""

    subnet: IPv4Network
    gateway: IPv4Address | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VethRequest:
    """A pair: `name` stays here as a port of bridge `master`; `peer_name` is made inside the netns open as `netns`."""

    name: str
    master: int
    peer_name: str
    peer_mac: str
    netns: int
    mtu: int


class Links:
    """The verbs, over one socket. Use as a context manager or close it: it keeps its network namespace alive."""

    def __init__(self) -> None:
        self._socket = NetlinkSocket()

    def __enter__(self) -> "Links":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def find(self, name: str) -> Link | None:
        try:
            return _parse_link(self._socket.get(_RTM_GETLINK, _ifinfo() + attribute(_IFLA_IFNAME, name)))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise

    def list(self) -> Iterator[Link]:
        return (_parse_link(body) for body in self._socket.dump(_RTM_GETLINK, _ifinfo()))

    def create_bridge(self, name: str, *, mac: str, alias: str, mtu: int) -> None:
        """Makes a bridge that is still down. Its fixed MAC keeps neighbours' caches right as ports come and go."""
        payload = (
            _ifinfo()
            + attribute(_IFLA_IFNAME, name)
            + attribute(_IFLA_ADDRESS, _mac(mac))
            + attribute(_IFLA_MTU, mtu)
            + nested(_IFLA_LINKINFO, attribute(_INFO_KIND, "bridge"))
        )
        self._socket.execute(_RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload)
        # The kernel takes an alias only in a change, not in the message that creates the link.
        self._socket.execute(_RTM_NEWLINK, 0, _ifinfo() + attribute(_IFLA_IFNAME, name) + _alias(alias))

    def create_veth(self, request: VethRequest) -> None:
        """One message: the pair, its port on the bridge and up, its peer in the other netns and still down.

        (The kernel refuses a peer that shall be up: it is not joined to its other end by then.)
        """
        peer = (
            _ifinfo()
            + attribute(_IFLA_IFNAME, request.peer_name)
            + attribute(_IFLA_ADDRESS, _mac(request.peer_mac))
            + attribute(_IFLA_MTU, request.mtu)
            + attribute(_IFLA_NET_NS_FD, request.netns)
        )
        payload = (
            _ifinfo(flags=_IFF_UP)
            + attribute(_IFLA_IFNAME, request.name)
            + attribute(_IFLA_MTU, request.mtu)
            + attribute(_IFLA_MASTER, request.master)
            + nested(
                _IFLA_LINKINFO,
                attribute(_INFO_KIND, "veth"),
                nested(_INFO_DATA, attribute(_VETH_INFO_PEER, peer)),
            )
        )
        self._socket.execute(_RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload)

    def configure_port(self, name: str, *, isolated: bool) -> None:
        """Hairpin on, so that a container reaches its own published port; `isolated` ports do not see each other."""
        data = nested(_INFO_SLAVE_DATA, _byte(_BRPORT_MODE, 1), _byte(_BRPORT_ISOLATED, int(isolated)))
        info = nested(_IFLA_LINKINFO, attribute(_INFO_SLAVE_KIND, "bridge"), data)
        self._socket.execute(_RTM_NEWLINK, 0, _ifinfo() + attribute(_IFLA_IFNAME, name) + info)

    def set_master(self, name: str, master: int) -> None:
        payload = _ifinfo() + attribute(_IFLA_IFNAME, name) + attribute(_IFLA_MASTER, master)
        self._socket.execute(_RTM_NEWLINK, 0, payload)

    def set_up(self, name: str) -> None:
        self._socket.execute(_RTM_NEWLINK, 0, _ifinfo(flags=_IFF_UP) + attribute(_IFLA_IFNAME, name))

    def delete(self, name: str) -> None:
        """Removes a link; absent is no error.

        Slow (tens of ms under the rtnl lock): a veth goes with its netns, or where nobody waits for it.
        """
        try:
            self._socket.execute(_RTM_DELLINK, 0, _ifinfo() + attribute(_IFLA_IFNAME, name))
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise

    def add_address(self, index: int, address: IPv4Interface) -> None:
        """Gives a link an address; one that it has already is no error."""
        local = address.ip.packed
        payload = (
            _IFADDR.pack(socket.AF_INET, address.network.prefixlen, 0, _SCOPE_UNIVERSE, index)
            + attribute(_IFA_LOCAL, local)
            + attribute(_IFA_ADDRESS, local)
        )
        if address.network.prefixlen < 31:
            payload += attribute(_IFA_BROADCAST, address.network.broadcast_address.packed)
        self._socket.execute(_RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, payload)

    def remove_address(self, index: int, address: IPv4Interface) -> None:
        """Takes an address off a link, and with its last one all routes over it; absent is no error."""
        payload = _IFADDR.pack(socket.AF_INET, address.network.prefixlen, 0, _SCOPE_UNIVERSE, index) + attribute(
            _IFA_LOCAL, address.ip.packed
        )
        try:
            self._socket.execute(_RTM_DELADDR, 0, payload)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise

    def addresses(self, index: int) -> Iterator[IPv4Interface]:
        for body in self._socket.dump(_RTM_GETADDR, _IFADDR.pack(socket.AF_INET, 0, 0, 0, 0)):
            _, prefix, _, _, owner = _IFADDR.unpack_from(body)
            found = parse_attributes(body[_IFADDR.size :])
            if owner == index and _IFA_LOCAL in found:
                yield IPv4Interface((found[_IFA_LOCAL], prefix))

    def set_default_route(self, gateway: IPv4Address) -> None:
        """Routes everything else by `gateway`, replacing the default route there was."""
        payload = _RTMSG.pack(
            socket.AF_INET, 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, _SCOPE_UNIVERSE, _RTN_UNICAST, 0
        ) + attribute(_RTA_GATEWAY, gateway.packed)
        self._socket.execute(_RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, payload)

    def routes(self) -> Iterator[Route]:
        """The unicast IPv4 routes of the main table, without the default route."""
        for body in self._socket.dump(_RTM_GETROUTE, _RTMSG.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)):
            _, length, _, _, table, _, _, kind, _ = _RTMSG.unpack_from(body)
            found = parse_attributes(body[_RTMSG.size :])
            if table != _RT_TABLE_MAIN or kind != _RTN_UNICAST or _RTA_DST not in found:
                continue
            yield Route(
                subnet=IPv4Network((found[_RTA_DST], length)),
                gateway=IPv4Address(found[_RTA_GATEWAY]) if _RTA_GATEWAY in found else None,
                index=_u32(found, _RTA_OIF),
            )


def _ifinfo(*, flags: int = 0) -> bytes:
    return _IFINFO.pack(socket.AF_UNSPEC, 0, 0, flags, flags)


def _byte(kind: int, value: int) -> bytes:
    return attribute(kind, bytes([value]))


def _alias(alias: str) -> bytes:
    return attribute(_IFLA_IFALIAS, alias.encode())


def _mac(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _u32(attributes: Mapping[int, bytes], kind: int) -> int:
    value = attributes.get(kind)
    return int(struct.unpack("=I", value)[0]) if value else 0


def _parse_link(body: bytes) -> Link:
    _, _, index, flags, _ = _IFINFO.unpack_from(body)
    found = parse_attributes(body[_IFINFO.size :])
    info = parse_attributes(found.get(_IFLA_LINKINFO, b""))
    return Link(
        index=index,
        name=text(found.get(_IFLA_IFNAME, b"")),
        kind=text(info.get(_INFO_KIND, b"")),
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
        alias=text(found.get(_IFLA_IFALIAS, b"")),
        master=_u32(found, _IFLA_MASTER),
        mtu=_u32(found, _IFLA_MTU),
        up=bool(flags & _IFF_UP),
    )
