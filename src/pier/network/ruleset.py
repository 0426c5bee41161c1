"""Pier's own nftables table as text, without I/O.

The family is `inet`: one table keeps the packets of both families from crossing between bridges. NAT in an inet table
needs kernel 5.2, concatenated map keys for it 5.6.

The chains never change. A bridge costs an element in a few sets, a published port costs one map element, and neither
costs a rule: the price of a packet does not grow with their number, and a change is a change of elements, in which no
packet finds the rules half gone (see `table`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pier.network.families import AnyNetwork
from pier.network.nftables import quote

ANY_ADDRESS = "0.0.0.0"
ANY_IPV6 = "::"


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeRule:
    """What the rules must know of one bridge. `connected`: its containers may talk to each other.

    `routed` and `unprotected` are the IP versions (4, 6) in which other hosts that know the way reach its containers:
    the ports that are published, or all. What leaves it gets the address in `sources` of its IP version, else that of
    the way it takes. `trusted` are interfaces from which exposed ports are reached.
    """

    name: str
    subnets: tuple[AnyNetwork, ...]
    masquerade: bool = True
    internal: bool = False
    connected: bool = True
    routed: frozenset[int] = frozenset()
    unprotected: frozenset[int] = frozenset()
    sources: Mapping[int, str] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRule:
    """Packets to host_ip:host_port go to address:port; `owner` is written down as the element's comment.

    With host_port 0 nothing is translated: packets for address:port itself are let in, if `host_ip` is of its family;
    of an `exposed` port those that come from interfaces that its bridge trusts.
    """

    protocol: str
    host_ip: str
    host_port: int
    address: str
    port: int
    owner: str
    exposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRule:
    """Packets from `client` to address:port pass, though the bridge's containers may not talk to each other."""

    bridge: str
    client: str
    address: str
    protocol: str
    port: int


@dataclass(frozen=True, slots=True)
class Element:
    """A member of one of the table's sets and maps, in nft's words; `data` is what a map leads to."""

    home: str
    key: str
    data: str = ""
    comment: str = ""

    def __str__(self) -> str:
        comment = f" comment {quote(self.comment)}" if self.comment else ""
        return f"{self.key}{comment}{f' : {self.data}' if self.data else ''}"


_SETS = {
    "bridges": "type ifname;",
    "internal": "type ifname;",
    "connected": "type ifname . ifname;",
    "homes": "type ifname . ipv4_addr; flags interval;",
    "masqueraded": "type ipv4_addr; flags interval;",
    "linked": "type ifname . ipv4_addr . ipv4_addr . inet_proto . inet_service;",
    "direct": "type inet_proto . ipv4_addr . inet_service;",
    "direct6": "type inet_proto . ipv6_addr . inet_service;",
    "exposed": "type inet_proto . ipv4_addr . inet_service;",
    "exposed6": "type inet_proto . ipv6_addr . inet_service;",
    "trusted": "type ifname . ifname;",
    "routed": "type ifname;",
    "routed6": "type ifname;",
    "unprotected": "type ifname;",
    "unprotected6": "type ifname;",
    "homes6": "type ifname . ipv6_addr; flags interval;",
    "masqueraded6": "type ipv6_addr; flags interval;",
}
_MAPS = {
    "translated": "type ipv4_addr : ipv4_addr; flags interval;",
    "translated6": "type ipv6_addr : ipv6_addr; flags interval;",
    "published": "type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service;",
    "published_anywhere": "type inet_proto . inet_service : ipv4_addr . inet_service;",
    "published6": "type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service;",
    "published6_anywhere": "type inet_proto . inet_service : ipv6_addr . inet_service;",
}
_CHAINS = """
  chain antispoof {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 127.0.0.0/8 return
    jump published_ports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    jump published_ports
  }
  chain published_ports {
    dnat ip to meta l4proto . ip daddr . th dport map @published
    fib daddr type local dnat ip to meta l4proto . th dport map @published_anywhere
    ip6 daddr ::1 return
    dnat ip6 to meta l4proto . ip6 daddr . th dport map @published6
    fib daddr type local dnat ip6 to meta l4proto . th dport map @published6_anywhere
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname @bridges goto inward
    iifname @internal drop
  }
  chain inward {
    iifname . oifname @connected accept
    iifname @internal drop
    oifname @internal drop
    ct state established,related accept
    ct status dnat accept
    iifname . ip saddr . ip daddr . meta l4proto . th dport @linked accept
    meta nfproto ipv4 oifname @unprotected accept
    meta nfproto ipv6 oifname @unprotected6 accept
    meta l4proto icmp oifname @routed accept
    meta l4proto ipv6-icmp oifname @routed6 accept
    meta l4proto . ip daddr . th dport @direct accept
    meta l4proto . ip6 daddr . th dport @direct6 accept
    iifname . oifname @trusted meta l4proto . ip daddr . th dport @exposed accept
    iifname . oifname @trusted meta l4proto . ip6 daddr . th dport @exposed6 accept
    drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    oifname . ip saddr @homes ct status dnat masquerade
    oifname . ip saddr @homes return
    snat ip to ip saddr map @translated
    ip saddr @masqueraded masquerade
    oifname . ip6 saddr @homes6 ct status dnat masquerade
    oifname . ip6 saddr @homes6 return
    snat ip6 to ip6 saddr map @translated6
    ip6 saddr @masqueraded6 masquerade
  }
"""


def render_layout() -> str:
    """All of the table but its elements: sets, maps and chains.

    - antispoof: route_localnet lets packets for 127/8 leave and enter a bridge; from a container they are an attack.
    - prerouting leaves 127/8 alone: those of the host itself are translated in output, others have no business here.
    - inward: into a bridge goes what comes from the same bridge (where its containers are apart: what a link is for),
      answers, and what a published port translated; so neither a neighbour that routes to the subnet nor another
      bridge reaches a port that is not published to it, unless the network's gateway mode (`routed`,
      `nat-unprotected`) says that it shall, or it trusts the interface where such a packet comes in.
    - postrouting translates the source of the host's loopback, of a container that meets itself or a neighbour by a
      published port (else the answer would go straight back and not be recognised), and of what leaves its bridge.
    - Packets to ::1 are left alone: the kernel takes none with that source from a bridge. The relay carries them.
    """
    sets = [f"  set {name} {{ {kind} }}" for name, kind in _SETS.items()]
    maps = [f"  map {name} {{ {kind} }}" for name, kind in _MAPS.items()]
    return "\n".join([*sets, *maps]) + _CHAINS


def render_table(table: str, elements: Iterable[Element]) -> str:
    """Commands that replace the whole table in one transaction, whether it exists or not."""
    declared = f"table inet {table} {{\n{render_layout()}}}\n"
    return f"{render_removal(table)}{declared}{render_change(table, elements, ())}"


def render_removal(table: str) -> str:
    return f"add table inet {table}\ndelete table inet {table}\n"


def render_change(table: str, added: Iterable[Element], removed: Iterable[Element]) -> str:
    """Commands that take elements away, then add others."""
    return "".join(
        f"{verb} element inet {table} {home} {{ {', '.join(texts)} }}\n"
        for verb, by_home in (
            ("delete", _by_home((element.home, element.key) for element in removed)),
            ("add", _by_home((element.home, str(element)) for element in added)),
        )
        for home, texts in by_home.items()
    )


def bridge_elements(rule: BridgeRule) -> list[Element]:
    """What a bridge puts into the sets."""
    name = quote(rule.name)
    elements = [Element("bridges", name)]
    for subnet in rule.subnets:
        suffix = "" if subnet.version == 4 else "6"
        written = str(subnet).removesuffix(f"/{subnet.max_prefixlen}")  # how the kernel's listing writes it
        elements.append(Element(f"homes{suffix}", f"{name} . {written}"))
        for home, versions in (("routed", rule.routed), ("unprotected", rule.unprotected)):
            if subnet.version in versions:
                elements.append(Element(f"{home}{suffix}", name))
        if rule.masquerade and not rule.internal and subnet.version not in rule.routed:
            source = rule.sources.get(subnet.version, "")
            home = "translated" if source else "masqueraded"
            elements.append(Element(f"{home}{suffix}", written, source))
    elements += [Element("trusted", f"{quote(interface)} . {name}") for interface in rule.trusted]
    if rule.internal:
        elements.append(Element("internal", name))
    if rule.connected:
        elements.append(Element("connected", f"{name} . {name}"))
    return elements


def port_element(rule: PortRule) -> Element:
    """What a published port puts into one of the maps."""
    data = f"{rule.address} . {rule.port}"
    suffix = "6" if ":" in rule.host_ip else ""
    if not rule.host_port:
        home = "exposed" if rule.exposed else "direct"
        return Element(f"{home}{suffix}", f"{rule.protocol} . {rule.address} . {rule.port}", comment=rule.owner)
    if rule.host_ip in (ANY_ADDRESS, ANY_IPV6):
        return Element(f"published{suffix}_anywhere", f"{rule.protocol} . {rule.host_port}", data, rule.owner)
    return Element(f"published{suffix}", f"{rule.protocol} . {rule.host_ip} . {rule.host_port}", data, rule.owner)


def link_element(rule: LinkRule) -> Element:
    """What a link puts into its set."""
    key = f"{quote(rule.bridge)} . {rule.client} . {rule.address} . {rule.protocol} . {rule.port}"
    return Element("linked", key)


def _by_home(texts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for home, text in texts:
        found.setdefault(home, []).append(text)
    return found
