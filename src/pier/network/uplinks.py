"""Networks on an interface of the host: macvlan and ipvlan, whose containers are neighbours of the host's own.

The kernel gives each container a link of its own on the parent (drivers/net/macvlan.c, Documentation/networking/
ipvlan.rst). Parse is pure; `Uplinks` blocks.
"""

import contextlib
import errno
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.network import FAMILY_OPTIONS, Network
from pier.network.link import Links

DRIVERS = ("macvlan", "ipvlan")
MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}  # linux/if_link.h
IPVLAN_MODES = {"l2": 0, "l3": 1, "l3s": 2}
IPVLAN_FLAGS = {"bridge": 0, "private": 1, "vepa": 2}
_MTU = "com.docker.network.driver.mtu"
_VLANS = range(1, 4095)
_SHORT_ID = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """What the containers' links are made of. `parent` is the host's interface; `flag` is ipvlan's alone."""

    kind: str
    parent: str
    mode: int
    flag: int = 0
    mtu: int = 0  # 0: the parent's
    is_own: bool = False  # the parent is made for this network: a dummy, or a VLAN of a real interface

    @property
    def is_routed(self) -> bool:
        """ipvlan l3: the kernel routes by link, without neighbours and so without a gateway's address."""
        return self.kind == "ipvlan" and self.mode != IPVLAN_MODES["l2"]


def parse_uplink(network: Network) -> Uplink:
    """Raises InvalidArgument, Unsupported for options."""
    kind = network.driver
    options = {key: value for key, value in network.options.items() if key not in FAMILY_OPTIONS.values()}
    parent = options.pop("parent", "")
    mtu = options.pop(_MTU, "")
    default = "bridge" if kind == "macvlan" else "l2"
    mode = options.pop(f"{kind}_mode", "") or default
    modes = MACVLAN_MODES if kind == "macvlan" else IPVLAN_MODES
    if mode not in modes:
        raise InvalidArgument(
            f"requested {kind} mode '{mode}' is not valid, '{default}' mode is the {kind} driver default"
        )
    flag = options.pop("ipvlan_flag", "") or "bridge" if kind == "ipvlan" else "bridge"
    if flag not in IPVLAN_FLAGS:
        raise InvalidArgument(f"requested ipvlan flag '{flag}' is not valid, 'bridge' is the ipvlan driver default")
    if mtu and not mtu.isdigit():
        raise InvalidArgument(f"invalid value {mtu!r} of option {_MTU}: an MTU is a number")
    for key in options:
        raise Unsupported(f"network {network.name}: Pier's {kind} driver has no option {key}")
    return Uplink(
        kind=kind,
        parent=parent or f"dm-{network.id[:_SHORT_ID]}",
        mode=modes[mode],
        flag=IPVLAN_FLAGS[flag],
        mtu=int(mtu or 0),
        is_own=not parent,
    )


def parse_vlan(parent: str) -> tuple[str, int] | None:
    """(`eth0`, 10) of `eth0.10`; None for another name."""
    base, _, number = parent.rpartition(".")
    return (base, int(number)) if base and number.isdigit() and int(number) in _VLANS else None


class Uplinks:
    """Finds and makes parents; those it makes bear the engine's mark."""

    def __init__(self, instance: str) -> None:
        self._alias = f"pier-parent:{instance}"

    def ensure(self, uplink: Uplink) -> int:
        """The index of the parent, made where it is a dummy or a VLAN that is not there.

        Raises Unsupported when this kernel lacks the driver, InvalidArgument for a parent that is not there.
        """
        with Links() as links:
            with _translated(uplink.kind):
                _probe(links, uplink.kind)
            found = links.find(uplink.parent)
            if found is None:
                self._make(links, uplink)
                found = links.find(uplink.parent)
            if found is None:
                raise InvalidArgument(f"the parent interface {uplink.parent} is not there")
            links.set_up(uplink.parent)
            return found.index

    def _make(self, links: Links, uplink: Uplink) -> None:
        vlan = None if uplink.is_own else parse_vlan(uplink.parent)
        if uplink.is_own:
            with _translated("dummy"):
                links.create_dummy(uplink.parent, alias=self._alias)
        elif vlan is None:
            raise InvalidArgument(
                f"invalid subinterface vlan name {uplink.parent}, example formatting is eth0.10; "
                "there is no interface of this name"
            )
        else:
            base = links.find(vlan[0])
            if base is None:
                raise InvalidArgument(f"the parent interface {vlan[0]} of {uplink.parent} is not there")
            with _translated("vlan_8021q"):
                links.create_vlan(uplink.parent, base.index, vlan[1], alias=self._alias)

    def remove(self, parent: str) -> None:
        """Removes a parent that was made here; one that was not is left alone."""
        with Links() as links:
            link = links.find(parent)
            if link is not None and link.alias == self._alias:
                links.delete(parent)

    def remove_others(self, known: Collection[str]) -> None:
        """Removes parents made here for networks that are gone."""
        with Links() as links:
            for link in [one for one in links.list() if one.alias == self._alias and one.name not in known]:
                links.delete(link.name)


def _probe(links: Links, kind: str) -> None:
    try:
        links.probe_kind(kind)
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            raise


@contextlib.contextmanager
def _translated(kind: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        raise Unsupported(
            f"this kernel has no {kind} driver (CONFIG_{kind.upper()}): use a bridge network, or another kernel"
        ) from error
