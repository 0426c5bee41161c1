"""Links, addresses and routes by rtnetlink: just the messages that Pier needs, without a library and without a fork.

Constants and layouts are from the kernel's uapi headers if_link.h, if_addr.h, rtnetlink.h and veth.h. Everything here
blocks and works in the network namespace of the thread that opened the `Links`; errors are OSError with the kernel's
errno, which the callers translate.
"""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Address, ip_address, ip_interface, ip_network

from pier.network.families import AnyAddress, AnyInterface, AnyNetwork, family_of
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
_IFLA_LINK = 5
_MACVLAN_MODE = _IPVLAN_MODE = _VLAN_ID = 1
_IPVLAN_FLAGS = 2
_BRPORT_MODE, _BRPORT_ISOLATED = 4, 33
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_IFA_F_NODAD = 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_TABLE = 1, 4, 5, 15
_RT_TABLE_MAIN, _RTPROT_BOOT, _SCOPE_UNIVERSE, _SCOPE_LINK, _RTN_UNICAST = 254, 3, 0, 253, 1

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

    subnet: AnyNetwork
    gateway: AnyAddress | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRequest:
    """A macvlan or ipvlan link on the link with index `parent`, made inside the netns open as `netns`."""

    kind: str
    name: str
    parent: int
    netns: int
    mode: int
    flag: int = 0  # ipvlan
    mac: str = ""  # macvlan: an ipvlan link has its parent's
    mtu: int = 0  # 0: the parent's


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

    def create_dummy(self, name: str, *, alias: str) -> None:
        """A link that leads nowhere, still down."""
        self._create(name, alias, nested(_IFLA_LINKINFO, attribute(_INFO_KIND, "dummy")))

    def create_vlan(self, name: str, base: int, number: int, *, alias: str) -> None:
        """The VLAN of this number on a link, still down."""
        data = nested(_INFO_DATA, attribute(_VLAN_ID, struct.pack("=H", number)))
        info = nested(_IFLA_LINKINFO, attribute(_INFO_KIND, "vlan"), data)
        self._create(name, alias, attribute(_IFLA_LINK, base) + info)

    def _create(self, name: str, alias: str, more: bytes) -> None:
        payload = _ifinfo() + attribute(_IFLA_IFNAME, name) + more
        self._socket.execute(_RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload)
        self._socket.execute(_RTM_NEWLINK, 0, _ifinfo() + attribute(_IFLA_IFNAME, name) + _alias(alias))

    def create_child(self, request: ChildRequest) -> None:
        """A link on a parent of this netns, in another one and still down. Raises OSError, EOPNOTSUPP for its kind."""
        if request.kind == "macvlan":
            data = attribute(_MACVLAN_MODE, request.mode)
        else:
            data = attribute(_IPVLAN_MODE, struct.pack("=H", request.mode))
            data += attribute(_IPVLAN_FLAGS, struct.pack("=H", request.flag))
        payload = (
            _ifinfo()
            + attribute(_IFLA_IFNAME, request.name)
            + attribute(_IFLA_LINK, request.parent)
            + attribute(_IFLA_NET_NS_FD, request.netns)
            + (attribute(_IFLA_ADDRESS, _mac(request.mac)) if request.mac else b"")
            + (attribute(_IFLA_MTU, request.mtu) if request.mtu else b"")
            + nested(_IFLA_LINKINFO, attribute(_INFO_KIND, request.kind), nested(_INFO_DATA, data))
        )
        self._socket.execute(_RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload)

    def probe_kind(self, kind: str) -> None:
        """Asks for a link of a kind that needs a parent, without one: nothing is made.

        Raises OSError: EOPNOTSUPP when the kernel has no such kind, and could load no module for it.
        """
        info = nested(_IFLA_LINKINFO, attribute(_INFO_KIND, kind))
        payload = _ifinfo() + attribute(_IFLA_IFNAME, "pier-probe") + info
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

    def add_address(self, index: int, address: AnyInterface) -> None:
        """Gives a link an address; one that it has already is no error.

        An IPv6 address can be used at once: who gave it out knows that nobody else has it (no DAD).
        """
        local = address.ip.packed
        flags = 0 if address.version == 4 else _IFA_F_NODAD
        payload = (
            _IFADDR.pack(family_of(address), address.network.prefixlen, flags, _SCOPE_UNIVERSE, index)
            + attribute(_IFA_LOCAL, local)
            + attribute(_IFA_ADDRESS, local)
        )
        if isinstance(address, IPv4Interface) and address.network.prefixlen < 31:
            payload += attribute(_IFA_BROADCAST, address.network.broadcast_address.packed)
        self._socket.execute(_RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, payload)

    def remove_address(self, index: int, address: AnyInterface) -> None:
        """Takes an address off a link, and with its last one all routes over it; absent is no error."""
        payload = _IFADDR.pack(family_of(address), address.network.prefixlen, 0, _SCOPE_UNIVERSE, index) + attribute(
            _IFA_LOCAL, address.ip.packed
        )
        try:
            self._socket.execute(_RTM_DELADDR, 0, payload)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise

    def addresses(self, index: int) -> Iterator[AnyInterface]:
        """A link's addresses of both families. (Those of IPv6 have no local one beside the address.)"""
        for body in self._socket.dump(_RTM_GETADDR, _IFADDR.pack(socket.AF_UNSPEC, 0, 0, 0, index)):
            family, prefix, _, _, owner = _IFADDR.unpack_from(body)
            found = parse_attributes(body[_IFADDR.size :])
            local = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
            if owner == index and local and family in (socket.AF_INET, socket.AF_INET6):
                yield ip_interface((ip_address(local), prefix))

    def set_default_route(self, gateway: AnyAddress) -> None:
        """Routes everything else of its family by `gateway`, replacing the default route there was.

        One that is link-local needs its link's name as its zone (`fe80::1%eth0`): its address does not tell the link.
        """
        zone = gateway.scope_id if isinstance(gateway, IPv6Address) else None
        link = self.find(zone) if zone else None
        self._socket.execute(
            _RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, _default_route(gateway, link.index if link else 0)
        )

    def _dump_main_table(self, family: int) -> Iterable[bytes]:
        try:
            return self._socket.dump(_RTM_GETROUTE, _RTMSG.pack(family, 0, 0, 0, _RT_TABLE_MAIN, 0, 0, 0, 0))
        except OSError as error:
            if error.errno == errno.ENOENT:  # a namespace without a single route has no such table yet
                return ()
            raise

    def set_device_route(self, index: int, family: int) -> None:
        """Routes everything else of a family to a link, without a gateway."""
        head = _RTMSG.pack(family, 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, _SCOPE_LINK, _RTN_UNICAST, 0)
        self._socket.execute(_RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, head + attribute(_RTA_OIF, index))

    def routes(self, family: int = socket.AF_INET) -> Iterator[Route]:
        """The unicast routes of the main table, without the default route."""
        for body in self._dump_main_table(family):
            _, length, _, _, table, _, _, kind, _ = _RTMSG.unpack_from(body)
            found = parse_attributes(body[_RTMSG.size :])
            if table != _RT_TABLE_MAIN or kind != _RTN_UNICAST or _RTA_DST not in found:
                continue
            yield Route(
                subnet=ip_network((ip_address(found[_RTA_DST]), length)),
                gateway=ip_address(found[_RTA_GATEWAY]) if _RTA_GATEWAY in found else None,
                index=_u32(found, _RTA_OIF),
            )


def _default_route(gateway: AnyAddress, index: int) -> bytes:
    head = _RTMSG.pack(family_of(gateway), 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, _SCOPE_UNIVERSE, _RTN_UNICAST, 0)
    return head + attribute(_RTA_GATEWAY, gateway.packed) + (attribute(_RTA_OIF, index) if index else b"")


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
