"""Other people's forward chains, and the guard round a host that Pier made a router.

An accept in one base chain does not stop a later base chain from dropping (nft(8), "verdict statement"). Where a
foreign forward chain drops by policy - dockerd's and ufw's do - Pier therefore adds one accept for each of its bridges
and each direction, marked with a comment, to that table's hook for users (`DOCKER-USER`), else to the head of the
chain itself. Nothing else foreign is touched, and `own_table_only` forbids even that. What reaches a bridge is still
decided by Pier's own table.

firewalld's own chain is another matter: see `firewalld`.

Chains of the legacy xtables kernel interface (not iptables-nft) cannot be seen from here.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pier.network.nftables import Nftables, NftError, quote

_log = logging.getLogger(__name__)
_USER_CHAIN = "DOCKER-USER"
_GUARD = "pier-router"  # `-` never ends up in the name of an engine's table, so it cannot clash with one
_FAMILIES = ("ip", "ip6", "inet")


@dataclass(frozen=True, slots=True)
class Chain:
    family: str
    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.family} {self.table} {self.name}"


@dataclass(frozen=True, slots=True)
class ForeignRule:
    """An accept of Pier's in a foreign chain, for packets that come in by (iifname) or go out to (oifname) a bridge."""

    chain: Chain
    direction: str
    bridge: str


class ForeignChains:
    """Keeps Pier's accepts in foreign forward chains in line with its bridges. All methods block."""

    def __init__(self, nft: Nftables, table: str) -> None:
        self._nft = nft
        self._table = table
        self.has_firewalld = False  # at the last `sync`

    def sync(self, bridges: Iterable[str], ipv6: Collection[str] = ()) -> list[ForeignRule]:
        """Adds what is missing, removes what is no longer wanted, and returns what stands now.

        `ipv6` are those of the bridges that have IPv6.
        """
        chains = self._list_chains()
        self.has_firewalld = any(_chain(item).table == "firewalld" for item in chains)
        present = self._find_ours(chains)
        wanted = [
            ForeignRule(chain, direction, bridge)
            for chain in _dropping(chains)
            for bridge in bridges
            if chain.family != "ip6" or bridge in ipv6
            for direction in ("iifname", "oifname")
        ]
        stale = [(rule, handle) for rule, handle in present if rule not in wanted]
        known = [rule for rule, _ in present]
        missing = [rule for rule in wanted if rule not in known]
        commands = [f"delete rule {rule.chain} handle {handle}" for rule, handle in stale]
        commands += [self._insertion(rule) for rule in missing]
        if commands:
            self._nft.run("\n".join(commands) + "\n")
        for rule in missing:
            _log.info("chain %s drops by policy: added an accept for %s %s", rule.chain, rule.direction, rule.bridge)
        return wanted

    def is_routing_needed(self) -> bool:
        """Whether anybody else filters what this host forwards, and so may rely on ip_forward."""
        return any(_is_forward(item) and item.get("table") != self._table for item in self._list_chains())

    def is_dropping(self, family: str = "ip") -> bool:
        """Whether somebody else drops, by policy, what this host is not told to forward of a family (ip, ip6)."""
        return any(chain.family in (family, "inet") for chain in _dropping(self._list_chains()))

    def _insertion(self, rule: ForeignRule) -> str:
        # `counter` makes it the very form that iptables-nft itself writes, so its tools go on reading the table.
        match = f"{rule.direction} {quote(rule.bridge)}"
        return f"insert rule {rule.chain} {match} counter accept comment {quote(self._table)}"

    def _list_chains(self) -> list[Mapping[str, object]]:
        return [item for item in _objects(self._nft.query("list chains"), "chain") if item.get("family") in _FAMILIES]

    def _find_ours(self, chains: Sequence[Mapping[str, object]]) -> list[tuple[ForeignRule, object]]:
        places = [item for item in chains if _is_forward(item) or item.get("name") == _USER_CHAIN]
        found = []
        for item in places:
            chain = _chain(item)
            if chain.table == self._table:
                continue
            for rule in self._list_rules(chain):
                read = _read_rule(chain, rule) if rule.get("comment") == self._table else None
                if read is not None:
                    found.append((read, rule.get("handle")))
        return found

    def _list_rules(self, chain: Chain) -> list[Mapping[str, object]]:
        try:
            return list(_objects(self._nft.query(f"list chain {chain}"), "rule"))
        except NftError as error:  # gone since it was listed
            _log.warning("cannot read chain %s: %s", chain, error.message)
            return []


class RouterGuard:
    """Keeps a host that forwards only because of Pier from forwarding for anybody else.

    The table `pier-router`, of family ip or ip6, is shared by all engines of a host: each adds its bridges, and what
    neither comes from nor goes to one of them is dropped. That the table exists means that Pier switched forwarding on,
    and that nobody else drops by policy what is forwarded (a dockerd that comes later does, and forwards for its own
    bridges); like the switch itself it does not survive a reboot. All methods block.
    """

    def __init__(self, nft: Nftables, family: str = "ip") -> None:
        self._nft = nft
        self._family = family
        self._table = f"{family} {_GUARD}"

    @property
    def exists(self) -> bool:
        tables = _objects(self._nft.query("list tables"), "table")
        return any(item.get("family") == self._family and item.get("name") == _GUARD for item in tables)

    def create(self) -> None:
        self._nft.run(
            f"table {self._table} {{\n"
            "  set bridges { type ifname; }\n"
            "  chain forward {\n"
            "    type filter hook forward priority filter; policy accept;\n"
            "    iifname != @bridges oifname != @bridges drop\n"
            "  }\n"
            "}\n"
        )

    def add(self, bridges: Iterable[str]) -> None:
        names = ", ".join(quote(name) for name in bridges)
        if names:
            self._nft.run(f"add element {self._table} bridges {{ {names} }}\n")

    def discard(self, bridges: Iterable[str]) -> None:
        """Takes bridges out; those that are not there are no error."""
        names = ", ".join(quote(name) for name in bridges)
        if names:  # adding first makes the deletion of what is not there no error
            self._nft.run(
                f"add element {self._table} bridges {{ {names} }}\ndelete element {self._table} bridges {{ {names} }}\n"
            )

    @property
    def is_unused(self) -> bool:
        """Whether no engine has a bridge in it."""
        sets = _objects(self._nft.query(f"list set {self._table} bridges"), "set")
        return not any(item.get("elem") for item in sets)

    def remove(self) -> None:
        self._nft.run(f"delete table {self._table}\n")


def _objects(items: Iterable[Mapping[str, object]], kind: str) -> Iterable[Mapping[str, object]]:
    for item in items:
        value = item.get(kind)
        if isinstance(value, dict):
            yield value


def _chain(item: Mapping[str, object]) -> Chain:
    return Chain(str(item.get("family")), str(item.get("table")), str(item.get("name")))


def _is_forward(item: Mapping[str, object]) -> bool:
    return item.get("hook") == "forward"


def _dropping(chains: Sequence[Mapping[str, object]]) -> list[Chain]:
    """Where an accept must stand: of each forward chain that drops by policy the table's chain for users, or itself."""
    places = []
    every = {_chain(item) for item in chains}
    for item in chains:
        if _is_forward(item) and item.get("policy") == "drop":
            chain = _chain(item)
            user = Chain(chain.family, chain.table, _USER_CHAIN)
            places.append(user if user in every else chain)
    return places


def _read_rule(chain: Chain, rule: Mapping[str, object]) -> ForeignRule | None:
    """The first `match` of a rule, as libnftables-json(5) writes `iifname "pier0"`."""
    expressions = rule.get("expr")
    for expression in expressions if isinstance(expressions, list) else []:
        match expression:
            case {"match": {"left": {"meta": {"key": str(key)}}, "right": str(name)}}:
                return ForeignRule(chain, key, name)
    return None
