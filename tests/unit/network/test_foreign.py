from collections.abc import Mapping, Sequence
from typing import Any

from pier.network.foreign import ForeignChains, RouterGuard
from pier.network.nftables import Nftables


class ScriptedNft(Nftables):
    """Answers queries from a dictionary and remembers what was run."""

    def __init__(self, answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        super().__init__()
        self.answers = answers
        self.ran: list[str] = []

    def run(self, commands: str) -> None:
        self.ran += commands.splitlines()

    def query(self, command: str) -> Sequence[Mapping[str, object]]:
        return self.answers.get(command, [])


def chain(name: str, *, family: str = "ip", table: str = "filter", **more: str) -> dict[str, Any]:
    return {"chain": {"family": family, "table": table, "name": name, **more}}


def rule(handle: int, direction: str, bridge: str, comment: str = "pier_x") -> dict[str, Any]:
    match = {"match": {"op": "==", "left": {"meta": {"key": direction}}, "right": bridge}}
    return {"rule": {"handle": handle, "comment": comment, "expr": [match, {"accept": None}]}}


DROPPING = chain("FORWARD", hook="forward", policy="drop")


def test_nothing_is_added_where_nobody_drops() -> None:
    nft = ScriptedNft({"list chains": [chain("FORWARD", hook="forward", policy="accept"), chain("X", policy="drop")]})
    assert ForeignChains(nft, "pier_x").sync(["pier0"]) == []
    assert nft.ran == []


def test_accepts_go_to_the_head_of_a_dropping_chain() -> None:
    nft = ScriptedNft({"list chains": [DROPPING]})
    assert len(ForeignChains(nft, "pier_x").sync(["pier0"])) == 2
    assert nft.ran == [
        'insert rule ip filter FORWARD iifname "pier0" counter accept comment "pier_x"',
        'insert rule ip filter FORWARD oifname "pier0" counter accept comment "pier_x"',
    ]


def test_chain_for_users_is_preferred_and_only_that_of_the_same_table() -> None:
    nft = ScriptedNft({"list chains": [DROPPING, chain("DOCKER-USER"), chain("DOCKER-USER", table="other")]})
    ForeignChains(nft, "pier_x").sync(["pier0"])
    assert [line.split()[2:5] for line in nft.ran] == [["ip", "filter", "DOCKER-USER"]] * 2


def test_what_stands_stays_and_what_is_stale_goes() -> None:
    answers = {
        "list chains": [DROPPING],
        "list chain ip filter FORWARD": [
            rule(7, "iifname", "pier0"),
            rule(8, "oifname", "old0"),
            rule(9, "iifname", "old0", "pier_y"),
        ],
    }
    nft = ScriptedNft(answers)
    ForeignChains(nft, "pier_x").sync(["pier0"])
    assert nft.ran == [
        "delete rule ip filter FORWARD handle 8",
        'insert rule ip filter FORWARD oifname "pier0" counter accept comment "pier_x"',
    ]


def test_accepts_are_taken_out_of_a_chain_that_no_longer_drops() -> None:
    nft = ScriptedNft(
        {
            "list chains": [chain("FORWARD", hook="forward", policy="accept")],
            "list chain ip filter FORWARD": [rule(7, "iifname", "pier0")],
        }
    )
    ForeignChains(nft, "pier_x").sync(["pier0"])
    assert nft.ran == ["delete rule ip filter FORWARD handle 7"]


def test_tables_of_ipv6_and_bridge_are_not_looked_at() -> None:
    nft = ScriptedNft({"list chains": [chain("FORWARD", family="ip6", hook="forward", policy="drop")]})
    assert ForeignChains(nft, "pier_x").sync(["pier0"]) == []


def test_routing_is_needed_while_somebody_else_filters_it() -> None:
    own = chain("forward", family="inet", table="pier_x", hook="forward", policy="accept")
    assert not ForeignChains(ScriptedNft({"list chains": [own]}), "pier_x").is_routing_needed()
    assert ForeignChains(ScriptedNft({"list chains": [own, DROPPING]}), "pier_x").is_routing_needed()


def test_guard_is_used_while_another_engine_has_bridges_in_it() -> None:
    shared = ScriptedNft({"list set ip pier-router bridges": [{"set": {"name": "bridges", "elem": ["other0"]}}]})
    assert not RouterGuard(shared).is_unused
    assert RouterGuard(ScriptedNft({"list set ip pier-router bridges": [{"set": {"name": "bridges"}}]})).is_unused


def test_only_a_foreign_chain_that_drops_by_policy_is_dropping() -> None:
    own = chain("forward", family="inet", table="pier_x", hook="forward", policy="accept")
    assert not ForeignChains(ScriptedNft({"list chains": [own]}), "pier_x").is_dropping()
    assert ForeignChains(ScriptedNft({"list chains": [own, DROPPING]}), "pier_x").is_dropping()
