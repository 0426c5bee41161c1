"""Docker's context store on disk."""

import json
from pathlib import Path

import pytest

from pier.cli.context_store import ContextStore, check_name, endpoint_of
from pier.cli.errors import CliError

META = {"Name": "far", "Metadata": {"Other": 1}, "Endpoints": {"docker": {"Host": "tcp://h:1", "SkipTLSVerify": False}}}
# sha256 of "far", as `printf far | sha256sum` has it
HASH = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868"


@pytest.fixture
def store(tmp_path: Path) -> ContextStore:
    return ContextStore(str(tmp_path / "config.json"))


def test_a_context_lies_where_docker_looks_for_it(store: ContextStore, tmp_path: Path) -> None:
    assert (store.names(), store.has("far")) == ([], False)
    store.save(META)
    path = tmp_path / "contexts" / "meta" / HASH / "meta.json"
    assert json.loads(path.read_text()) == META
    assert (store.names(), store.has("far"), store.load("far")) == (["far"], True, META)
    store.remove("far")
    assert not path.parent.exists()
    store.remove("far")  # that it is not there is no failure


def test_keys_are_for_their_owner_alone(store: ContextStore, tmp_path: Path) -> None:
    store.save_tls("far", {"ca.pem": b"ca", "key.pem": b"key"})
    folder = tmp_path / "contexts" / "tls" / HASH / "docker"
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert store.tls_files("far") == {"ca.pem": b"ca", "key.pem": b"key"}
    store.save_tls("far", {"ca.pem": b"new"})
    assert store.tls_files("far") == {"ca.pem": b"new"}
    store.remove("far")
    assert store.tls_files("far") == {}


def test_tls_as_the_endpoint_says(store: ContextStore) -> None:
    assert store.tls_of("far", {"SkipTLSVerify": False}) is None
    skipping = store.tls_of("far", {"SkipTLSVerify": True})
    assert skipping
    assert (skipping.ca, skipping.verify) == ("", False)
    store.save_tls("far", {"ca.pem": b"ca"})
    checked = store.tls_of("far", {})
    assert checked
    assert (Path(checked.ca).read_bytes(), checked.certificate, checked.verify) == (b"ca", "", True)


def test_what_is_not_there_or_broken_is_said(store: ContextStore, tmp_path: Path) -> None:
    with pytest.raises(CliError, match=f'context "far": context not found: open .*{HASH}/meta.json: no such file'):
        store.load("far")
    path = tmp_path / "contexts" / "meta" / HASH / "meta.json"
    path.parent.mkdir(parents=True)
    for text, complaint in (("{", "is not valid JSON"), ("[]", "describes no context")):
        path.write_text(text)
        with pytest.raises(CliError, match=complaint):
            store.load("far")
    with pytest.raises(CliError, match='context "x" has no docker endpoint'):
        endpoint_of({"Name": "x", "Endpoints": {"kubernetes": {}}})


@pytest.mark.parametrize("name", ["a", "", "-ab", "a b", "a/b", "..", "default"])
def test_names_that_docker_refuses(name: str) -> None:
    with pytest.raises(CliError, match=r"is invalid, names are|is a reserved context name"):
        check_name(name)
    check_name("a.b_c+d-1")
