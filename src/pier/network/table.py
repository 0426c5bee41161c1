"""Pier's own nftables table in the kernel: made, read back, and brought in line without a gap.

One transaction that replaces a table is not seen as one by a packet: which generation of the rules counts is read anew
at every base chain and at every look-up in a set (`nft_do_chain` and `nft_genmask_cur` in the kernel), so a packet that
is under way during the switch can find the old rules gone and the new ones not there yet. One of some hundred such
replacements under load was seen to refuse a connection to a published port. Therefore a table whose chains are as they
should be is never replaced, only its elements change; and where it must be, a second one like it stands meanwhile.
"""

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

from pier.network.nftables import Nftables, NftError, quote
from pier.network.ruleset import Element, render_change, render_layout, render_removal, render_table

_log = logging.getLogger(__name__)
_MARK = "made_"  # an empty set, whose name says from what the table was made and how the kernel listed its rules


class OwnTable:
    """The table `inet pier_<instance>`. All methods block for some milliseconds."""

    def __init__(self, nft: Nftables, instance: str) -> None:
        self.name = f"pier_{instance}"
        self._spare = f"pier-spare_{instance}"  # `-`: no engine's own table is named so
        self._nft = nft

    def settle(self, elements: Collection[Element]) -> None:
        """Sees to it that the table stands with these elements and no others. Raises NftError, Unavailable."""
        names = self._list_names()
        if self._spare in names:  # a pierd was killed while it replaced the table
            self._nft.run(render_removal(self._spare))
        listing = self._nft.query(f"list table inet {self.name}") if self.name in names else []
        if not listing:
            _log.info("table inet %s is not there: putting it up", self.name)
            self._put_up(elements)
        elif _mark(listing) not in _set_names(listing):
            _log.warning("table inet %s is not as this version makes it: putting it up anew", self.name)
            self._replace(elements)
        else:
            standing, wanted = read_elements(listing), set(elements)
            self.change(added=wanted - standing, removed=standing - wanted)

    def change(self, *, added: Iterable[Element] = (), removed: Iterable[Element] = ()) -> None:
        """One transaction. Raises NftError when one of the elements is (or is not) there, or the table is gone."""
        commands = render_change(self.name, added, removed)
        if commands:
            self._nft.run(commands)

    def has(self, element: Element) -> bool:
        """Whether an element stands in the kernel, whatever it leads to."""
        try:
            self._nft.run(f"get element inet {self.name} {element.home} {{ {element.key} }}\n")
        except NftError:
            return False
        return True

    def remove(self) -> None:
        """Absent is no error."""
        self._nft.run(render_removal(self.name))

    def _put_up(self, elements: Collection[Element]) -> None:
        self._nft.run(render_table(self.name, elements))
        mark = _mark(self._nft.query(f"list table inet {self.name}"))
        self._nft.run(f"add set inet {self.name} {mark} {{ type mark; }}\n")

    def _replace(self, elements: Collection[Element]) -> None:
        self._nft.run(render_table(self._spare, elements))
        try:
            self._put_up(elements)
        finally:
            self._nft.run(render_removal(self._spare))

    def _list_names(self) -> set[str]:
        tables = [item.get("table") for item in self._nft.query("list tables inet")]
        return {str(item.get("name")) for item in tables if isinstance(item, dict)}


def read_elements(listing: Sequence[Mapping[str, object]]) -> set[Element]:
    """The elements in a table's listing (libnftables-json(5)), written as `ruleset` writes them."""
    found = set()
    for item in listing:
        for kind in ("set", "map"):
            match item.get(kind):
                case {"name": str(home), "type": types, "elem": list(members)}:
                    found |= {_read_element(home, types, member) for member in members}
    return found


def _read_element(home: str, types: object, member: object) -> Element:
    key, data = member if isinstance(member, list) else (member, None)
    comment = ""
    match key:
        case {"elem": {"val": value, **more}}:
            key, comment = value, str(more.get("comment", ""))
    names = types if isinstance(types, list) else [types]
    return Element(home, _join(key, names), "" if data is None else _join(data, ()), comment)


def _join(value: object, types: Sequence[object]) -> str:
    match value:
        case {"concat": list(parts)}:
            kinds = types if len(types) == len(parts) else [None] * len(parts)
            return " . ".join(_join(part, [kind]) for part, kind in zip(parts, kinds, strict=True))
        case {"prefix": {"addr": address, "len": length}}:
            return f"{address}/{length}"
    return quote(str(value)) if list(types) == ["ifname"] else str(value)


def _mark(listing: Sequence[Mapping[str, object]]) -> str:
    """The name of the set that marks a table made by this version whose chains and rules nobody changed since."""
    rules = [_plain(item[kind]) for item in listing for kind in ("chain", "rule") if kind in item]
    return f"{_MARK}{_digest(render_layout())}_{_digest(json.dumps(rules, sort_keys=True))}"


def _plain(item: object) -> object:
    """Without what differs from one making to the next."""
    return {key: value for key, value in item.items() if key != "handle"} if isinstance(item, dict) else item


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _set_names(listing: Sequence[Mapping[str, object]]) -> set[object]:
    return {item.get("name") for item in (one.get("set") for one in listing) if isinstance(item, dict)}
