"""Pier's packet rules as a whole: its own table, its accepts in foreign chains, and ip_forward.

Memory holds what must stand (bridges and ports); a change goes to the kernel as one small transaction, and where that
fails - somebody flushed the ruleset - the whole table is put up anew from memory.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from pier.network.conntrack import forget_udp_flows
from pier.network.foreign import ForeignChains, ForeignRule, RouterGuard
from pier.network.netns import write_sysctl
from pier.network.nftables import Nftables, NftError
from pier.network.ruleset import BridgeRule, PortRule, render_change, render_removal, render_table

_log = logging.getLogger(__name__)
_IP_FORWARD = "/proc/sys/net/ipv4/ip_forward"


class Firewall:
    """All methods block for some milliseconds and may be called from any thread; they take turns."""

    def __init__(self, instance: str, *, own_table_only: bool, nft: Nftables | None = None) -> None:
        self.table = f"pier_{instance}"
        self._own_table_only = own_table_only
        self._nft = nft or Nftables()
        self._foreign = ForeignChains(self._nft, self.table)
        self._guard = RouterGuard(self._nft)
        self._lock = threading.Lock()
        self._bridges: dict[str, BridgeRule] = {}
        self._ports: dict[tuple[str, str, int], PortRule] = {}
        self._foreign_rules: list[ForeignRule] = []

    @property
    def foreign_rules(self) -> Sequence[ForeignRule]:
        """What stands in other people's chains now."""
        return tuple(self._foreign_rules)

    def start(self, bridges: Sequence[BridgeRule], ports: Sequence[PortRule]) -> None:
        """Puts up everything in one transaction, so that no packet sees half of it; then makes the host a router."""
        with self._lock:
            self._bridges = {rule.name: rule for rule in bridges}
            self._ports = {_key(rule): rule for rule in ports}
            self._rebuild()
            self._sync_foreign()
            self._enable_forwarding()

    def add_bridge(self, rule: BridgeRule) -> None:
        """Call before the bridge is up: its protection against packets for 127/8 then is there from the first."""
        with self._lock:
            self._bridges[rule.name] = rule
            try:
                self._rebuild()
                self._sync_foreign()
                if self._guard.exists:
                    self._guard.add([rule.name])
            except BaseException:
                del self._bridges[rule.name]
                raise

    def remove_bridge(self, name: str) -> None:
        with self._lock:
            if self._bridges.pop(name, None) is None:
                return
            self._rebuild()
            self._sync_foreign()

    def change_ports(self, *, added: Sequence[PortRule] = (), removed: Sequence[PortRule] = ()) -> None:
        """One transaction. Ports that are not there are not removed; a failure leaves the rules as they were."""
        with self._lock:
            before = dict(self._ports)
            going = [rule for rule in removed if self._ports.pop(_key(rule), None)]
            self._ports.update({_key(rule): rule for rule in added})
            if not going and not added:
                return
            try:
                self._nft.run(render_change(self.table, added, going))
            except NftError as error:
                _log.warning("table %s is not as it was left (%s): putting it up anew", self.table, error.message)
                try:
                    self._rebuild()
                except BaseException:
                    self._ports = before
                    raise
        _forget_flows([*added, *going])

    def refresh(self) -> None:
        """Puts back what others removed meanwhile: the table (`nft flush ruleset`), accepts (dockerd restarted)."""
        with self._lock:
            tables = [item.get("table") for item in self._nft.query("list tables inet")]
            if not any(isinstance(item, dict) and item.get("name") == self.table for item in tables):
                _log.warning("table inet %s was gone: putting it up anew", self.table)
                self._rebuild()
            self._sync_foreign()

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
            self._bridges, self._ports = {}, {}
            self._foreign_rules = []
            self._foreign.sync([])
            self._nft.run(render_removal(self.table))
            if self._guard.exists and self._guard.discard(names) and not self._foreign.is_routing_needed():
                write_sysctl(_IP_FORWARD, "0")

    def _rebuild(self) -> None:
        self._nft.run(render_table(self.table, self._bridges.values(), self._ports.values()))

    def _sync_foreign(self) -> None:
        self._foreign_rules = self._foreign.sync([] if self._own_table_only else self._bridges)

    def _enable_forwarding(self) -> None:
        if Path(_IP_FORWARD).read_text().strip() == "0":
            self._guard.create()
            self._guard.add(self._bridges)
            write_sysctl(_IP_FORWARD, "1")
            _log.warning("ip_forward was off: Pier has enabled it, and drops what would be forwarded for others")
        elif self._guard.exists:
            self._guard.add(self._bridges)


def _forget_flows(rules: Iterable[PortRule]) -> None:
    try:
        forget_udp_flows(rule.host_port for rule in rules if rule.protocol == "udp")
    except OSError as error:
        _log.warning("cannot forget the flows of a UDP port: %s; clients may need a new source port", error)


def _key(rule: PortRule) -> tuple[str, str, int]:
    return rule.protocol, rule.host_ip, rule.host_port
