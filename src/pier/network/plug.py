"""Plugs a container into a bridge, and out of it: one veth pair, handled by one short-lived thread."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pier.network.families import AnyAddress, AnyInterface
from pier.network.link import Links, VethRequest
from pier.network.netns import enter, in_thread, write_sysctl


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """`gateways` are of those families whose default route shall go there. `isolated`: other ports are out of reach.

    `sysctls` are files below /proc/sys of the container, with their values.
    """

    veth: VethRequest
    addresses: tuple[AnyInterface, ...]
    gateways: tuple[AnyAddress, ...]
    isolated: bool
    sysctls: Mapping[str, str] = field(default_factory=dict)


def plug_in(plug: Plug) -> None:
    """Blocks for about a millisecond. Raises OSError; nothing is left then."""
    in_thread(lambda: _plug_in(plug))


def unplug(netns: int, interface: str, gateways: Iterable[AnyAddress]) -> None:
    """Takes all addresses off an interface inside and gives the default routes to `gateways`.

    The pair itself is left: its removal is slow. An interface that is gone is no error. Raises OSError.
    """
    in_thread(lambda: _unplug(netns, interface, gateways))


def set_gateways(netns: int, gateways: Iterable[AnyAddress]) -> None:
    """Gives the default routes inside to these, one of each family. Raises OSError."""

    def work() -> None:
        enter(netns)
        with Links() as inside:
            for gateway in gateways:
                inside.set_default_route(gateway)

    in_thread(work)


def _unplug(netns: int, interface: str, gateways: Iterable[AnyAddress]) -> None:
    enter(netns)
    with Links() as inside:
        link = inside.find(interface)
        if link is not None:
            for address in list(inside.addresses(link.index)):
                inside.remove_address(link.index, address)
        for gateway in gateways:
            inside.set_default_route(gateway)


def _plug_in(plug: Plug) -> None:
    with Links() as host:
        host.create_veth(plug.veth)
        try:
            host.configure_port(plug.veth.name, isolated=plug.isolated)
            enter(plug.veth.netns)
            _configure(plug)
        except BaseException:
            with contextlib.suppress(OSError):
                host.delete(plug.veth.name)
            raise


def _configure(plug: Plug) -> None:
    with Links() as inside:
        link = inside.find(plug.veth.peer_name)
        if link is None:
            raise OSError(f"{plug.veth.peer_name} is not in the namespace it was made in")
        if any(address.version == 6 for address in plug.addresses):
            _enable_ipv6(link.name)
        for path, value in plug.sysctls.items():
            write_sysctl(path, value)
        for address in plug.addresses:
            inside.add_address(link.index, address)
        inside.set_up(link.name)
        for gateway in plug.gateways:
            inside.set_default_route(gateway)


def _enable_ipv6(interface: str) -> None:
    """A new namespace has it off; nobody but us gives out addresses and routes there."""
    directory = f"/proc/sys/net/ipv6/conf/{interface}"
    for name, value in (("accept_ra", "0"), ("dad_transmits", "0"), ("disable_ipv6", "0")):
        write_sysctl(f"{directory}/{name}", value)
