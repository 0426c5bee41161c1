"""Flags, the file and the defaults become one configuration, or a clear refusal."""

import json
from pathlib import Path

import pytest

from pier.config import Config, ConfigError, RuntimeSetting, UlimitSetting, load, what_changed


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
            "volume-plugin-dirs": ["/run/plugins"],
            "published-ports": "loopback-only",
        },
    )
    assert config.hosts == ("unix:///b.sock",)
    assert config.insecure_registries == ("r:5000",)
    assert config.runtimes == {"fast": RuntimeSetting(path="/usr/bin/crun")}
    assert config.own_table_only
    assert config.volume_plugin_dirs == (Path("/run/plugins"),)
    assert config.published_ports == "loopback-only"


@pytest.mark.parametrize(
    ("document", "flags", "words"),
    [
        ({"no-such-key": 1}, [], "no-such-key"),
        ({"data_root": "/x"}, [], "data_root"),
        ("{", [], "not JSON"),
        ([], [], "one JSON object"),
        ({"bip": "10.0.0.1/24"}, ["--bip", "10.0.1.1/24"], "both as a flag"),
        ({}, ["--bip", "nonsense"], "--bip"),
        ({"fixed-cidr": "fd00::/64"}, [], "fixed-cidr: 'fd00::/64' is not an IPv4 subnet"),
        ({"host-gateway-ip": "10.0.0.1", "host-gateway-ips": ["10.0.0.1"]}, [], "say the same"),
        ({}, ["-H", "fd://3"], "--host"),
        ({}, ["--default-runtime", "nope"], "--add-runtime"),
        ({}, ["--bridge", "much-too-long-a-name"], "--bridge"),
        ({"bridge": "none"}, [], "--bridge none: Pier always has its default network"),
        ({}, ["--containerd", "relative.sock"], "--containerd"),
        ({}, ["--log-opt", "novalue"], "--log-opt"),
        ({}, ["--default-address-pool", "base=10.0.0.0/16,size=8"], "default-address-pool"),
        ({"debug": "yes"}, [], "debug: must be true or false"),
        ({"storage-opts": ["size=1g"]}, [], "does not support the key 'storage-opts': the snapshotter is"),
        ({"tls": True}, [], "TLS needs --tlscert and --tlskey"),
        ({}, ["--tlsverify", "--tlscert", "/c", "--tlskey", "/k"], "TLS needs --tlscacert"),
        ({"live-restore": False}, [], "live-restore can only be true: containers always outlive pierd"),
        ({"features": {"buildkit": True}}, [], "features.buildkit can only be false: Pier has no BuildKit"),
        ({"features": {"containerd-snapshotter": False}}, [], "features.containerd-snapshotter can only be true"),
        ({"features": {"future": True}}, [], "dockerd's feature 'future'"),
        ({"features": True}, [], "features must be an object"),
        ({"mtu": 1400}, ["--mtu", "1300"], "mtu: given both as a flag"),
        ({"seccomp-profile": "/absent.json"}, [], "cannot read /absent.json"),
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


def test_keys_that_say_what_pier_does_anyway_are_taken(tmp_path: Path) -> None:
    document = {"live-restore": True, "userland-proxy": False, "iptables": True, "ip-forward": True}
    features = {"buildkit": False, "cdi": True, "containerd-snapshotter": True}
    assert load_with(tmp_path, {**document, "features": features}) == Config()


def test_null_is_as_good_as_left_out_for_keys_that_exist(tmp_path: Path) -> None:
    document = {"labels": None, "max-concurrent-uploads": None, "live-restore": None, "userns-remap": None, "mtu": 1400}
    assert load_with(tmp_path, document) == Config(mtu=1400)
    with pytest.raises(ConfigError, match="'no-such-key' is not known"):
        load_with(tmp_path, {"no-such-key": None})


def test_dockerds_keys_for_containers(tmp_path: Path) -> None:
    profile = tmp_path / "seccomp.json"
    profile.write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    config = load_with(
        tmp_path,
        {
            "dns": ["9.9.9.9"],
            "default-shm-size": "128M",
            "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 64, "Hard": 64}},
            "seccomp-profile": str(profile),
            "proxies": {"https-proxy": "http://p:3128"},
        },
    )
    assert (config.dns, config.default_shm_size) == (("9.9.9.9",), 128 << 20)
    assert config.default_ulimits == (UlimitSetting(name="nofile", soft=64, hard=64),)
    assert config.seccomp_profile_text == '{"defaultAction": "SCMP_ACT_ALLOW"}'
    assert config.proxies == {"HTTPS_PROXY": "http://p:3128"}


def test_host_gateways_by_either_name(tmp_path: Path) -> None:
    assert load_with(tmp_path, {"host-gateway-ip": "192.0.2.1"}).host_gateway_ips == ("192.0.2.1",)
    both = ["--host-gateway-ip", "192.0.2.1", "--host-gateway-ip", "2001:db8::1"]
    assert load(both).host_gateway_ips == ("192.0.2.1", "2001:db8::1")


def test_a_second_reading_says_what_changed_and_what_must_wait() -> None:
    old = load(["--label", "a=1", "--mtu", "1400"])
    new = load(["--label", "b=2", "--mtu", "1300", "-D"])
    config, taken, waiting = what_changed(old, new)
    assert (config.labels, config.debug, config.mtu) == (("b=2",), True, 1400)
    assert (taken, waiting) == (["debug", "labels"], ["mtu"])


def test_transfers_and_namespaces() -> None:
    config = load(
        ["--image-namespaces", "k8s.io,default", "--image-namespaces", "x", "--max-concurrent-downloads", "7"]
    )
    assert config.image_namespaces == ("k8s.io", "default", "x")
    assert (config.max_concurrent_downloads, config.max_concurrent_uploads, config.max_download_attempts) == (7, 5, 5)
