import json

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.system.version import client_facts, version_text

SERVER = {
    "Platform": {"Name": ""},
    "Version": "28.5.2",
    "ApiVersion": "1.51",
    "Components": [
        {
            "Name": "Engine",
            "Version": "28.5.2",
            "Details": {
                "ApiVersion": "1.51",
                "MinAPIVersion": "1.24",
                "Os": "linux",
                "Arch": "amd64",
                "Experimental": "false",
            },
        },
        {"Name": "runc", "Version": "1.1.5", "Details": {"GitCommit": "abc"}},
    ],
}


def test_text_names_every_component() -> None:
    text = version_text({"Client": client_facts("1.40"), "Server": SERVER})
    assert " API version:       1.40 (downgraded from 1.51)\n" in text
    assert "  API version:      1.51 (minimum version 1.24)\n  OS/Arch:          linux/amd64\n" in text
    assert " runc:\n  Version:          1.1.5\n  GitCommit:        abc\n" in text


def test_version(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/version", SERVER)
    code, out, _ = pier("version", "-f", "json")
    assert (code, json.loads(out)["Server"]["Version"]) == (0, "28.5.2")
    assert pier("version", "-f", "{{.Server.Version}}")[1] == "28.5.2\n"
    assert pier("version")[1].startswith("Client: Pier\n Version: ")


def test_without_an_engine_the_client_still_says_its_own(pier: Pier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIER_HOST", "unix:///nope")
    code, out, err = pier("version")
    assert code == 1
    assert out.startswith("Client: Pier\n")
    assert "Server" not in out
    assert err.startswith("Cannot connect to the Pier daemon")
