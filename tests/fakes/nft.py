"""Nftables in memory: whole tables come and go, the text of every transaction is remembered."""

import re
from collections.abc import Mapping, Sequence

from pier.network.nftables import Nftables, NftError


class FakeNft(Nftables):
    """Knows which tables stand, what sets were added to them, and a rule in each; not what elements they have.

    Transactions whose number (from 1) is in `refused` fail. `standing` lists, after each transaction, what tables
    there are; `elements` is what a listing says of each set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[str] = []
        self.refused: set[int] = set()
        self.standing: list[set[str]] = []
        self.tables: dict[str, list[Mapping[str, object]]] = {}
        self.elements: dict[str, list[object]] = {}

    def run(self, commands: str) -> None:
        self.ran.append(commands)
        if len(self.ran) in self.refused:
            raise NftError("the packet filter refused a change: Error: No such file or directory")
        for line in commands.splitlines():
            match line.split():
                case ["delete", "table", "inet", name]:
                    self.tables.pop(name, None)
                case ["table", "inet", name, "{"]:
                    self.tables[name] = [{"rule": {"handle": len(self.ran), "expr": [{"drop": None}]}}]
                case ["add", "set", "inet", name, added, *_]:
                    self.tables[name].append({"set": {"name": added}})
        self.standing.append(set(self.tables))

    def query(self, command: str) -> Sequence[Mapping[str, object]]:
        if command == "list tables inet":
            return [{"table": {"family": "inet", "name": name}} for name in self.tables]
        if found := re.fullmatch(r"list table inet (\S+)", command):
            sets = [{"set": {"name": name, "type": "ifname", "elem": held}} for name, held in self.elements.items()]
            return [*self.tables[found[1]], *sets]
        return []
