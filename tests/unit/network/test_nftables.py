import os
import subprocess
import sys

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


MANY_DESCRIPTORS = """
import os, resource
from pier.network.netns import in_thread, _call, _libc, _CLONE_NEWNET
from pier.network.nftables import Nftables

resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
held = [os.dup(0) for _ in range(1100)]

def work():
    _call(_libc.unshare, _CLONE_NEWNET)
    nft = Nftables()
    nft.run("add table inet t")
    print(nft.query("list tables")[0]["table"]["name"])
    nft.close()

in_thread(work)
"""


@pytest.mark.root
def test_a_process_with_many_descriptors_survives_it() -> None:
    """In a process of its own: where it goes wrong, glibc ends it."""
    code = [sys.executable, "-c", MANY_DESCRIPTORS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(code, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "t\n"), done.stderr


@pytest.mark.root
def test_it_holds_no_descriptor_of_others(lab: Lab) -> None:
    read, write = os.pipe()
    nft = Nftables()
    lab.do(lambda: nft.run("add table inet t"))
    os.close(write)
    assert os.read(read, 1) == b""  # else it would wait for a writer that the library's thread has kept
    os.close(read)
    nft.close()
