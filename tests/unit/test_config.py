"""Flags, the file and the defaults become one configuration, or a clear refusal."""

import json
from pathlib import Path

import pytest

from pier.config import Config, ConfigError, RuntimeSetting, load


def load_with(tmp_path: Path, document: object, *flags: str) -> Config:
    path = tmp_path / "daemon.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return load(["--config-file", str(path), *flags])


def test_defaults() -> None:
    assert load([]) == Config()


def test_flags_reach_their_fields() -> None:
    line = (
        "-H unix:///a.sock -H tcp://127.0.0.1:1 --data-root /d --log-opt max-size=1m -D"
        " --default-address-pool base=10.9.0.0/16,size=24 --exec-opt native.cgroupdriver=systemd"
    )
    config = load(line.split())
    assert config.hosts == ("unix:///a.sock", "tcp://127.0.0.1:1")
    assert (config.data_root, config.log_opts, config.debug) == (Path("/d"), {"max-size": "1m"}, True)
    assert (config.default_address_pools, config.cgroup_driver) == ((("10.9.0.0/16", 24),), "systemd")


def test_file_has_dockerds_keys(tmp_path: Path) -> None:
    config = load_with(
        tmp_path,
        {
            "hosts": ["unix:///b.sock"],
            "insecure-registries": ["r:5000"],
            "log-opts": {"max-file": "3"},
            "runtimes": {"fast": {"path": "/usr/bin/crun"}},
            "default-runtime": "fast",
            "firewall": "own-table-only",
        },
    )
    assert config.hosts == ("unix:///b.sock",)
    assert config.insecure_registries == ("r:5000",)
    assert config.runtimes == {"fast": RuntimeSetting(path="/usr/bin/crun")}
    assert config.own_table_only


@pytest.mark.parametrize(
    ("document", "flags", "words"),
    [
        ({"no-such-key": 1}, [], "no-such-key"),
        ({"data_root": "/x"}, [], "data_root"),
        ("{", [], "not JSON"),
        ([], [], "one JSON object"),
        ({"bip": "10.0.0.1/24"}, ["--bip", "10.0.1.1/24"], "both as a flag"),
        ({}, ["--bip", "10.0.0.0/24"], "--bip"),
        ({}, ["--bip", "nonsense"], "--bip"),
        ({}, ["-H", "fd://3"], "--host"),
        ({}, ["--default-runtime", "nope"], "--add-runtime"),
        ({}, ["--bridge", "much-too-long-a-name"], "--bridge"),
        ({}, ["--containerd", "relative.sock"], "--containerd"),
        ({}, ["--log-opt", "novalue"], "--log-opt"),
        ({}, ["--default-address-pool", "base=10.0.0.0/16,size=8"], "default-address-pool"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, document: object, flags: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_with(tmp_path, document, *flags)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(["--config-file", str(tmp_path / "absent.json")])


def test_instance_is_fit_for_names_of_tables() -> None:
    assert load(["--containerd-namespace", "my-pier.2"]).instance == "my_pier_2"
