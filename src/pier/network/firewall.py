"""Pier's packet rules as a whole: its own table, its accepts in foreign chains, and ip_forward.

Memory holds what must stand (bridges and ports); a change goes to the kernel as one small transaction, and where that
fails - somebody flushed the ruleset - the whole table is brought in line with memory.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from pier.network.conntrack import forget_udp_flows
from pier.network.firewalld import ZONE, Firewalld
from pier.network.foreign import ForeignChains, ForeignRule, RouterGuard
from pier.network.netns import write_sysctl
from pier.network.nftables import Nftables, NftError
from pier.network.ruleset import BridgeRule, Element, LinkRule, PortRule, bridge_elements, link_element, port_element
from pier.network.table import OwnTable

_log = logging.getLogger(__name__)
_FORWARDING = {"ip": "/proc/sys/net/ipv4/ip_forward", "ip6": "/proc/sys/net/ipv6/conf/all/forwarding"}


class Firewall:
    """All methods block for some milliseconds and may be called from any thread; they take turns."""

    def __init__(
        self,
        instance: str,
        *,
        own_table_only: bool,
        nft: Nftables | None = None,
        firewalld: Firewalld | None = None,
    ) -> None:
        self._own_table_only = own_table_only
        self._firewalld = firewalld or Firewalld()
        self._zoned: frozenset[str] = frozenset()
        self._nft = nft or Nftables()
        self._table = OwnTable(self._nft, instance)
        self._foreign = ForeignChains(self._nft, self._table.name)
        self._guards = {family: RouterGuard(self._nft, family) for family in _FORWARDING}
        self._lock = threading.Lock()
        self._bridges: dict[str, BridgeRule] = {}
        self._ports: dict[tuple[str, str, int], PortRule] = {}
        self._links: set[LinkRule] = set()
        self._foreign_rules: list[ForeignRule] = []

    @property
    def foreign_rules(self) -> Sequence[ForeignRule]:
        """What stands in other people's chains now."""
        return tuple(self._foreign_rules)

    @property
    def has_firewalld(self) -> bool:
        """Whether one was seen, and may be told."""
        return self._foreign.has_firewalld and not self._own_table_only

    def accepts(self, bridge: str) -> list[str]:
        """Where others' rules let a bridge's packets pass because of Pier, in words."""
        chains = sorted({str(rule.chain) for rule in self._foreign_rules if rule.bridge == bridge})
        return [*chains, *([f"firewalld's zone {ZONE}"] if bridge in self._zoned else [])]

    def start(self, bridges: Sequence[BridgeRule], ports: Sequence[PortRule], links: Iterable[LinkRule] = ()) -> None:
        """Brings the table in line, without a gap for what was published before; then makes the host a router."""
        with self._lock:
            self._bridges = {rule.name: rule for rule in bridges}
            self._ports = {_key(rule): rule for rule in ports}
            self._links = set(links)
            self._table.settle(self._wanted())
            self._sync_foreign()
            self._enable_forwarding()

    def add_bridge(self, rule: BridgeRule) -> None:
        """Call before the bridge is up: its protection against packets for 127/8 then is there from the first."""
        with self._lock:
            before = self._bridges.get(rule.name)
            self._bridges[rule.name] = rule
            try:
                self._change(bridge_elements(rule), bridge_elements(before) if before else [])
                self._sync_foreign()
                self._enable_forwarding()
            except BaseException:
                del self._bridges[rule.name]
                if before:
                    self._bridges[rule.name] = before
                raise

    def remove_bridge(self, name: str) -> None:
        with self._lock:
            rule = self._bridges.pop(name, None)
            if rule is None:
                return
            self._change([], bridge_elements(rule))
            self._sync_foreign()
            for guard in self._guards.values():
                if guard.exists:
                    guard.discard([name])

    def change_ports(self, *, added: Sequence[PortRule] = (), removed: Sequence[PortRule] = ()) -> None:
        """One transaction. Ports that are not there are not removed; a failure leaves the rules as they were."""
        with self._lock:
            before = dict(self._ports)
            going = [rule for rule in removed if self._ports.pop(_key(rule), None)]
            self._ports.update({_key(rule): rule for rule in added})
            try:
                self._change([port_element(rule) for rule in added], [port_element(rule) for rule in going])
            except BaseException:
                self._ports = before
                raise
        _forget_flows([*added, *going])

    def set_links(self, bridge: str, client: str, rules: Iterable[LinkRule]) -> None:
        """All that a client on a bridge reaches by links from now on; done again it changes nothing."""
        with self._lock:
            before, wanted = self._links, set(rules)
            standing = {one for one in before if (one.bridge, one.client) == (bridge, client)}
            self._links = before - standing | wanted
            try:
                self._change(map(link_element, wanted - standing), map(link_element, standing - wanted))
            except BaseException:
                self._links = before
                raise

    def close_links(self, bridge: str, address: str) -> None:
        """All that lead from or to an address on a bridge."""
        with self._lock:
            going = {one for one in self._links if one.bridge == bridge and address in (one.client, one.address)}
            self._links -= going
            self._change([], map(link_element, going))

    def has_port(self, rule: PortRule) -> bool:
        """Whether the kernel has the element of a published port."""
        return self._table.has(port_element(rule))

    def refresh(self) -> None:
        """Puts back what others removed meanwhile: the table (`nft flush ruleset`), accepts (dockerd restarted)."""
        with self._lock:
            self._table.settle(self._wanted())
            self._sync_foreign()
            for family, guard in self._guards.items():
                if guard.exists and self._foreign.is_dropping(family):
                    _log.info("somebody else's rules now drop what is forwarded: the guard of the router is taken away")
                    guard.remove()

    def close(self) -> None:
        """Frees the library; the rules stay."""
        self._nft.close()

    def teardown(self, bridges: Sequence[str]) -> None:
        """Removes every rule of this engine, whose bridges these are.

        Routing is switched off again if Pier had switched it on and nobody else filters forwarded packets (and so may
        have come to rely on it).
        """
        with self._lock:
            names = {*bridges, *self._bridges}
            self._bridges, self._ports, self._links = {}, {}, set()
            self._sync_foreign()
            self._table.remove()
            for family, guard in self._guards.items():
                if guard.exists:
                    guard.discard(names)
                    if guard.is_unused:
                        self._stop_routing(family)

    def _wanted(self) -> list[Element]:
        of_bridges = [element for rule in self._bridges.values() for element in bridge_elements(rule)]
        ports = (port_element(rule) for rule in self._ports.values())
        return [*of_bridges, *ports, *map(link_element, self._links)]

    def _change(self, added: Iterable[Element], removed: Iterable[Element]) -> None:
        try:
            self._table.change(added=added, removed=removed)
        except NftError as error:
            _log.warning("table %s is not as it was left (%s): putting that right", self._table.name, error.message)
            self._table.settle(self._wanted())

    def _sync_foreign(self) -> None:
        wanted = [] if self._own_table_only else list(self._bridges)
        self._foreign_rules = self._foreign.sync(wanted, self._with_ipv6())
        if self.has_firewalld:
            self._zoned = self._firewalld.sync(wanted)

    def _with_ipv6(self) -> set[str]:
        return {rule.name for rule in self._bridges.values() if any(subnet.version == 6 for subnet in rule.subnets)}

    def _enable_forwarding(self) -> None:
        """Of IPv6 only for a bridge that has it: a host that routes it takes no router advertisements by default."""
        for family, path in _FORWARDING.items():
            if family == "ip6" and not self._with_ipv6():
                continue
            guard = self._guards[family]
            if Path(path).read_text().strip() == "0":
                if not self._foreign.is_dropping(family):
                    guard.create()
                    guard.add(self._bridges)
                    _log.warning("%s was off: Pier enables it, and drops what would be forwarded for others", path)
                if family == "ip6":
                    _keep_router_advertisements()
                write_sysctl(path, "1")
            elif guard.exists:
                guard.add(self._bridges)

    def _stop_routing(self, family: str) -> None:
        self._guards[family].remove()
        if not self._foreign.is_routing_needed():
            write_sysctl(_FORWARDING[family], "0")


def _keep_router_advertisements() -> None:
    """Interfaces that take their IPv6 routes from a router go on doing so (2: also while forwarding; ip-sysctl.rst)."""
    for path in Path("/proc/sys/net/ipv6/conf").glob("*/accept_ra"):
        if path.parent.name != "all" and path.read_text().strip() == "1":
            write_sysctl(str(path), "2")


def _forget_flows(rules: Iterable[PortRule]) -> None:
    try:
        forget_udp_flows(rule.host_port for rule in rules if rule.protocol == "udp" and rule.host_port)
    except OSError as error:
        _log.warning("cannot forget the flows of a UDP port: %s; clients may need a new source port", error)


def _key(rule: PortRule) -> tuple[str, str, int]:
    if not rule.host_port:
        return rule.protocol, f"{rule.address} {rule.port} {rule.exposed}", 0
    return rule.protocol, rule.host_ip, rule.host_port
