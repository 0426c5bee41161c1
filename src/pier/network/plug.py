"""Plugs a container into a bridge: one veth pair, made and configured by one short-lived thread."""

import contextlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from pier.network.link import Links, VethRequest
from pier.network.netns import enter, in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """`gateway` is None where the default route shall stay as it is. `isolated`: other ports are out of reach."""

    veth: VethRequest
    address: IPv4Interface
    gateway: IPv4Address | None
    isolated: bool


def plug_in(plug: Plug) -> None:
    """Blocks for about a millisecond. Raises OSError; nothing is left then."""
    in_thread(lambda: _plug_in(plug))


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
        inside.add_address(link.index, plug.address)
        inside.set_up(link.name)
        if plug.gateway is not None:
            inside.set_default_route(plug.gateway)
