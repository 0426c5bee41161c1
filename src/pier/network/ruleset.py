"""Pier's own nftables table as text, without I/O.

The family is `inet`: one table then also keeps IPv6 packets from crossing between bridges, and IPv6 networks can be
added to it later. NAT of IPv4 in an inet table needs kernel 5.2, concatenated map keys for it 5.6.

A bridge costs an element in a few sets and one rule in `postrouting`; a published port costs one map element and no
rule, so the price of a packet does not grow with the number of ports.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from pier.network.nftables import quote

ANY_ADDRESS = "0.0.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeRule:
    """What the rules must know of one bridge. `connected`: its containers may talk to each other."""

    name: str
    subnet: IPv4Network
    masquerade: bool = True
    internal: bool = False
    connected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRule:
    """Packets to host_ip:host_port go to address:port; `owner` is written down as the element's comment."""

    protocol: str
    host_ip: str
    host_port: int
    address: str
    port: int
    owner: str


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
    drop
  }
"""


def render_table(table: str, bridges: Iterable[BridgeRule], ports: Iterable[PortRule]) -> str:
    """Commands that replace the whole table in one transaction, whether it exists or not.

    - antispoof: route_localnet lets packets for 127/8 leave and enter a bridge; from a container they are an attack.
    - prerouting leaves 127/8 alone: those of the host itself are translated in output, others have no business here.
    - inward: into a bridge goes what comes from the same bridge, answers, and what a published port translated; so
      neither a neighbour that routes to the subnet nor another bridge reaches a port that is not published to it.
    """
    rules = list(bridges)
    elements = list(ports)
    lines = [
        f"add table inet {table}",
        f"delete table inet {table}",
        f"table inet {table} {{",
        _declare("set bridges", "ifname", [quote(rule.name) for rule in rules]),
        _declare("set internal", "ifname", [quote(rule.name) for rule in rules if rule.internal]),
        _declare("set connected", "ifname . ifname", [_pair(rule.name) for rule in rules if rule.connected]),
        _declare(
            "map published",
            "inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service",
            [_element(port) for port in elements if port.host_ip != ANY_ADDRESS],
        ),
        _declare(
            "map published_anywhere",
            "inet_proto . inet_service : ipv4_addr . inet_service",
            [_element(port) for port in elements if port.host_ip == ANY_ADDRESS],
        ),
        _CHAINS.strip("\n"),
        _postrouting(rules),
        "}",
    ]
    return "\n".join(lines) + "\n"


def render_removal(table: str) -> str:
    return f"add table inet {table}\ndelete table inet {table}\n"


def render_change(table: str, added: Iterable[PortRule], removed: Iterable[PortRule]) -> str:
    """Commands that take ports away, then add others."""
    lines = [f"delete element inet {table} {_map(port)} {{ {_key(port)} }}" for port in removed]
    lines += [f"add element inet {table} {_map(port)} {{ {_element(port)} }}" for port in added]
    return "\n".join(lines) + "\n"


def _postrouting(rules: Iterable[BridgeRule]) -> str:
    """Source translation: of the host's loopback, of a container that meets itself or a neighbour by a published
    port (else the answer would go straight back and not be recognised), and of what leaves a bridge for elsewhere."""
    lines = [
        "  chain postrouting {",
        "    type nat hook postrouting priority srcnat; policy accept;",
        "    oifname @bridges ip saddr 127.0.0.0/8 masquerade",
    ]
    for rule in rules:
        name = quote(rule.name)
        lines.append(f"    oifname {name} ip saddr {rule.subnet} ct status dnat masquerade")
        if rule.masquerade and not rule.internal:
            lines.append(f"    oifname != {name} ip saddr {rule.subnet} masquerade")
    return "\n".join([*lines, "  }"])


def _declare(name: str, kind: str, elements: list[str]) -> str:
    content = f" elements = {{ {', '.join(elements)} }};" if elements else ""
    return f"  {name} {{ type {kind};{content} }}"


def _pair(name: str) -> str:
    return f"{quote(name)} . {quote(name)}"


def _map(port: PortRule) -> str:
    return "published_anywhere" if port.host_ip == ANY_ADDRESS else "published"


def _key(port: PortRule) -> str:
    address = "" if port.host_ip == ANY_ADDRESS else f"{port.host_ip} . "
    return f"{port.protocol} . {address}{port.host_port}"


def _element(port: PortRule) -> str:
    return f"{_key(port)} comment {quote(port.owner)} : {port.address} . {port.port}"
