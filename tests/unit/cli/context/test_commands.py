"""create, update, use and rm; what each says is compared with docker in tests/compat/test_cli_same_as_docker.py."""

import json
from collections.abc import Callable
from pathlib import Path

from pier.cli.context_store import ContextStore

Pier = Callable[..., tuple[int, str, str]]


def test_a_life_of_a_context(pier: Pier, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"psFormat": "x"}')
    assert pier("context", "create", "far", "--docker", "host=tcp://h:1") == (
        0,
        "far\n",
        'Successfully created context "far"\n',
    )
    assert pier("context", "use", "far") == (0, "far\n", 'Current context is now "far"\n')
    assert json.loads((tmp_path / "config.json").read_text()) == {"psFormat": "x", "currentContext": "far"}
    assert pier("context", "rm", "far")[0] == 1
    assert pier("context", "rm", "--force", "far") == (0, "far\n", "")
    assert json.loads((tmp_path / "config.json").read_text()) == {"psFormat": "x"}
    assert pier("context", "show") == (0, "default\n", "")


def test_an_update_keeps_what_it_does_not_name(pier: Pier, tmp_path: Path) -> None:
    store = ContextStore(str(tmp_path / "config.json"))
    endpoints = {"docker": {"Host": "tcp://h:1"}, "kubernetes": {"x": 1}}
    store.save({"Name": "far", "Metadata": {"Other": 1}, "Endpoints": endpoints})
    store.save_tls("far", {"ca.pem": b"ca"})
    assert pier("context", "update", "far", "--description", "d")[0] == 0
    assert store.load("far")["Metadata"] == {"Other": 1, "Description": "d"}
    assert store.tls_files("far") == {"ca.pem": b"ca"}
    assert pier("context", "update", "far", "--docker", "host=unix:///x")[0] == 0
    assert store.load("far")["Endpoints"] == {
        "docker": {"Host": "unix:///x", "SkipTLSVerify": False},
        "kubernetes": {"x": 1},
    }
    assert store.tls_files("far") == {}


def test_a_certificate_that_is_none_is_refused(pier: Pier, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    code, _, said = pier("context", "create", "far", "--docker", "host=tcp://h:1,ca=ca.pem")
    assert (code, "ca.pem seems invalid" in said) == (1, True)
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    assert pier("context", "create", "far", "--docker", "host=tcp://h:1,ca=ca.pem")[0] == 0
    assert ContextStore(str(tmp_path / "config.json")).tls_files("far") == {"ca.pem": b"-----BEGIN CERTIFICATE-----\n"}


def test_tls_flags_do_not_mix_with_a_context(pier: Pier) -> None:
    pier("context", "create", "far", "--docker", "host=tcp://127.0.0.1:1")
    code, _, said = pier("-c", "far", "--tlsverify", "ps")
    assert (code, "use --tls flags with --host" in said) == (1, True)


def test_a_broken_configuration_is_not_overwritten(pier: Pier, tmp_path: Path) -> None:
    pier("context", "create", "far", "--docker", "host=tcp://h:1")
    (tmp_path / "config.json").write_text("{")
    code, _, said = pier("context", "use", "far")
    assert (code, "is not valid JSON" in said) == (1, True)
    assert (tmp_path / "config.json").read_text() == "{"
