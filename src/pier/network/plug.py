"""Plugs a container into a bridge, and out of it: one veth pair, handled by one short-lived thread."""

import contextlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from pier.network.families import AnyInterface
from pier.network.link import Links, VethRequest
from pier.network.netns import enter, in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """`gateway` is None where the default route shall stay as it is. `isolated`: other ports are out of reach."""

    veth: VethRequest
    address: IPv4Interface
    gateway: IPv4Address | None
    isolated: bool
    link_local: tuple[AnyInterface, ...] = ()


def plug_in(plug: Plug) -> None:
    """Blocks for about a millisecond. Raises OSError; nothing is left then."""
    in_thread(lambda: _plug_in(plug))


def unplug(netns: int, interface: str, gateway: IPv4Address | None) -> None:
    """Takes all addresses off an interface inside and gives the default route to `gateway`, if there is one.

    The pair itself is left: its removal is slow. An interface that is gone is no error. Raises OSError.
    """
    in_thread(lambda: _unplug(netns, interface, gateway))


def set_gateway(netns: int, gateway: IPv4Address) -> None:
    """Gives the default route inside to `gateway`. Raises OSError."""

    def work() -> None:
        enter(netns)
        with Links() as inside:
            inside.set_default_route(gateway)

    in_thread(work)


def _unplug(netns: int, interface: str, gateway: IPv4Address | None) -> None:
    enter(netns)
    with Links() as inside:
        link = inside.find(interface)
        if link is not None:
            for address in list(inside.addresses(link.index)):
                inside.remove_address(link.index, address)
        if gateway is not None:
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
        for address in (plug.address, *plug.link_local):
            inside.add_address(link.index, address)
        inside.set_up(link.name)
        if plug.gateway is not None:
            inside.set_default_route(plug.gateway)
