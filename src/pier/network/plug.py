"""Plugs a container into a bridge, and out of it: one veth pair, handled by one short-lived thread."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pier.domain.errors import InvalidArgument
from pier.network.families import AnyAddress, AnyInterface, family_of
from pier.network.link import ChildRequest, Links, VethRequest
from pier.network.netns import enter, in_thread, write_sysctl


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """`gateways` are of those families whose default route shall go there. `isolated`: other ports are out of reach.

    `is_routed`: the default routes lead to the link itself. `sysctls` are files below /proc/sys of the container.
    """

    link: VethRequest | ChildRequest
    addresses: tuple[AnyInterface, ...]
    gateways: tuple[AnyAddress, ...]
    isolated: bool = False
    is_routed: bool = False
    sysctls: Mapping[str, str] = field(default_factory=dict)


def plug_in(plug: Plug) -> None:
    """Blocks for about a millisecond. Raises OSError; nothing is left then."""
    in_thread(lambda: _plug_in(plug))


def unplug(netns: int, interface: str, gateways: Iterable[AnyAddress], *, remove: bool = False) -> None:
    """Takes all addresses off an interface inside and gives the default routes to `gateways`.

    A veth pair itself is left: its removal is slow. With `remove` the link goes. An interface that is gone is no error.
    Raises OSError.
    """
    in_thread(lambda: _unplug(netns, interface, gateways, remove=remove))


def set_gateways(netns: int, gateways: Iterable[AnyAddress]) -> None:
    """Gives the default routes inside to these, one of each family. Raises OSError."""

    def work() -> None:
        enter(netns)
        with Links() as inside:
            for gateway in gateways:
                inside.set_default_route(gateway)

    in_thread(work)


def _unplug(netns: int, interface: str, gateways: Iterable[AnyAddress], *, remove: bool) -> None:
    enter(netns)
    with Links() as inside:
        link = inside.find(interface)
        if link is not None:
            for address in list(inside.addresses(link.index)):
                inside.remove_address(link.index, address)
            if remove:
                inside.delete(interface)
        for gateway in gateways:
            inside.set_default_route(gateway)


def _plug_in(plug: Plug) -> None:
    if isinstance(plug.link, ChildRequest):
        _plug_child(plug, plug.link)
        return
    with Links() as host:
        host.create_veth(plug.link)
        try:
            host.configure_port(plug.link.name, isolated=plug.isolated)
            enter(plug.link.netns)
            _configure(plug, plug.link.peer_name)
        except BaseException:
            with contextlib.suppress(OSError):
                host.delete(plug.link.name)
            raise


def _plug_child(plug: Plug, child: ChildRequest) -> None:
    with Links() as host:
        host.create_child(child)
    enter(child.netns)
    try:
        _configure(plug, child.name)
    except BaseException:
        with contextlib.suppress(OSError), Links() as inside:
            inside.delete(child.name)
        raise


def _configure(plug: Plug, interface: str) -> None:
    with Links() as inside:
        link = inside.find(interface)
        if link is None:
            raise OSError(f"{interface} is not in the namespace it was made in")
        if any(address.version == 6 for address in plug.addresses):
            _enable_ipv6(link.name)
        _set_sysctls(plug.sysctls)
        for address in plug.addresses:
            inside.add_address(link.index, address)
        inside.set_up(link.name)
        for gateway in plug.gateways:
            if plug.is_routed:
                inside.set_device_route(link.index, family_of(gateway))
            else:
                inside.set_default_route(gateway)


def _set_sysctls(sysctls: Mapping[str, str]) -> None:
    for path, value in sysctls.items():
        try:
            write_sysctl(path, value)
        except OSError as error:
            raise InvalidArgument(f"sysctl {path} does not take the value {value!r}: {error.strerror}") from error


def _enable_ipv6(interface: str) -> None:
    """A new namespace has it off; nobody but us gives out addresses and routes there."""
    directory = f"/proc/sys/net/ipv6/conf/{interface}"
    for name, value in (("accept_ra", "0"), ("dad_transmits", "0"), ("disable_ipv6", "0")):
        write_sysctl(f"{directory}/{name}", value)
