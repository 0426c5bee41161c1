import json

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.system.info import engine_text

FACTS = {
    "Containers": 3,
    "ContainersRunning": 1,
    "Images": 2,
    "ServerVersion": "9",
    "Driver": "overlayfs",
    "DriverStatus": [["Backing", "ext4"]],
    "CgroupVersion": "1",
    "Plugins": {"Volume": ["local"], "Network": ["host", "bridge"], "Log": None},
    "Runtimes": {"runc": {}, "crun": {}},
    "DefaultRuntime": "runc",
    "RuncCommit": {"ID": "abc"},
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
    "MemTotal": 25275572224,
    "NCPU": 2,
    "Debug": False,
    "Labels": ["a=b"],
    "RegistryConfig": {
        "InsecureRegistryCIDRs": ["127.0.0.0/8"],
        "IndexConfigs": {"h": {"Secure": False}},
        "Mirrors": [],
    },
    "Warnings": ["WARNING: mind"],
}


def test_text() -> None:
    text = engine_text(FACTS)
    for part in (
        " Containers: 3\n  Running: 1\n  Paused: 0\n",
        " Storage Driver: overlayfs\n  Backing: ext4\n",
        " Plugins:\n  Volume: local\n  Network: bridge host\n Swarm: inactive\n Runtimes: crun runc\n",
        " runc version: abc\n Security Options:\n  seccomp\n   Profile: builtin\n  cgroupns\n",
        " CPUs: 2\n Total Memory: 23.54GiB\n",
        " Debug Mode: false\n Labels:\n  a=b\n",
        " Insecure Registries:\n  h\n  127.0.0.0/8\n Live Restore Enabled: false\n",
    ):
        assert part in text


def test_shared_shims_are_counted_where_they_are_on() -> None:
    assert "Shim Groups" not in engine_text(FACTS)
    assert " Shim Groups: 2 of 19 containers\n" in engine_text(FACTS | {"ShimGroups": [16, 3]})
    assert " Shim Groups: 0 of 0 containers\n" in engine_text(FACTS | {"ShimGroups": []})


def test_info(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/info", FACTS)
    code, out, err = pier("info")
    assert (code, err) == (0, "WARNING: mind\n")
    assert out.startswith("Client: Pier\n")
    assert pier("system", "info", "-f", "{{.ServerVersion}} {{.ClientInfo.Context}}") == (0, "9 default\n", "")
    assert json.loads(pier("info", "--format", "json")[1])["Containers"] == 3


def test_without_an_engine(pier: Pier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIER_HOST", "unix:///nope")
    code, out, err = pier("info")
    assert code == 1
    assert out.endswith("\nServer:\n")
    assert err.startswith("Cannot connect")
