import pytest
from support.netlab import Lab

from pier.domain.errors import Unavailable
from pier.network import nftables
from pier.network.nftables import Nftables, NftError, quote


def test_quote_refuses_what_the_grammar_cannot_hold() -> None:
    assert quote("pier0") == '"pier0"'
    for text in ('a"b', "a\nb"):
        with pytest.raises(ValueError, match="cannot be written"):
            quote(text)


def test_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nftables, "_LIBRARY", "libnftables.so.none")
    with pytest.raises(Unavailable, match="install libnftables"):
        Nftables().run("list tables")


@pytest.mark.root
def test_commands_run_as_one_transaction_and_queries_answer_objects(lab: Lab) -> None:
    nft = Nftables()
    lab.do(lambda: nft.run("add table inet t\nadd chain inet t c"))
    with pytest.raises(NftError, match="No such file or directory"):
        lab.do(lambda: nft.run("add chain inet t d\nadd rule inet nowhere c accept"))
    chains = lab.do(lambda: nft.query("list chains"))
    assert [item["chain"]["name"] for item in chains if "chain" in item] == ["c"]  # type: ignore[index]
    with pytest.raises(NftError, match="syntax error"):
        lab.do(lambda: nft.run("make it so"))
    nft.close()
    nft.close()
