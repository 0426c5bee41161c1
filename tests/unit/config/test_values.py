from collections.abc import Callable

import pytest

from pier.config import values
from pier.config.settings import RuntimeSetting, UlimitSetting


@pytest.mark.parametrize(("given", "size"), [("64M", 64 << 20), ("1.5g", 3 << 29), ("7", 7), (8, 8), ("2KiB", 2048)])
def test_sizes_are_binary(given: object, size: int) -> None:
    assert values.size(given) == size


def test_ulimits_of_the_file_and_of_flags() -> None:
    wanted = (UlimitSetting(name="nofile", soft=64, hard=128),)
    assert values.ulimits({"nofile": {"Name": "nofile", "Soft": 64, "Hard": 128}}) == wanted
    assert values.ulimits(["nofile=64:128"]) == wanted
    assert values.ulimits(["core=0"]) == (UlimitSetting(name="core", soft=0, hard=0),)


def test_runtimes_of_the_file_and_of_flags() -> None:
    assert values.runtimes(["crun=/usr/bin/crun"]) == {"crun": RuntimeSetting(path="/usr/bin/crun")}
    entry = {"path": "/usr/bin/runsc", "runtimeArgs": ["--platform=ptrace"]}
    assert values.runtimes({"g": entry}) == {
        "g": RuntimeSetting(path="/usr/bin/runsc", arguments=("--platform=ptrace",))
    }
    shim = {"runtimeType": "io.containerd.runsc.v1", "options": {"ConfigPath": "/x"}}
    assert values.runtimes({"g": shim})["g"] == RuntimeSetting(
        type="io.containerd.runsc.v1", options={"ConfigPath": "/x"}
    )


def test_proxies_become_the_variables_that_carry_them() -> None:
    assert values.proxies({"http-proxy": "http://p:1", "no-proxy": "x"}) == {
        "HTTP_PROXY": "http://p:1",
        "NO_PROXY": "x",
    }


def test_an_mtu_of_zero_is_the_default() -> None:
    assert (values.mtu(0), values.mtu(1400)) == (1500, 1400)


@pytest.mark.parametrize(
    ("read", "given", "words"),
    [
        (values.boolean, "true", "true or false"),
        (values.integer, True, "whole number"),
        (values.text, 1, "string"),
        (values.strings, "x", "list of strings"),
        (values.pairs, {"a": {}}, "object of strings"),
        (values.pairs, ["a"], "NAME=VALUE"),
        (values.size, "64X", "whole number"),
        (values.address, "host", "not an IP address"),
        (values.mtu, 60, "between 68 and 65535"),
        (values.ulimits, ["nofile=x"], "'x' is not a whole number"),
        (values.ulimits, {"nofile": 3}, "nofile: use"),
        (values.ulimits, ["nofile=9:3"], "soft limit must be less"),
        (values.proxies, {"ftp-proxy": "x"}, "'ftp-proxy' is not one of"),
        (values.network_options, [], "object of objects"),
        (values.cgroup_driver, ["native.cgroupdriver=x"], "known are"),
        (values.runtimes, {"x": {}}, "needs a path"),
        (values.runtimes, {"x": {"path": "/a", "runtimeType": "b"}}, "not both"),
        (values.runtimes, {"x": {"path": "/a", "options": {"a": 1}}}, "options are an object"),
        (values.runtimes, {"x": {"runtimeType": "b", "runtimeArgs": ["a"]}}, "runtimeArgs go with a path"),
        (values.runtimes, {"x": {"path": "/a", "arg": 1}}, "the key 'arg' is not known"),
        (values.pools, ["base=10.0.0.0/16"], "use base="),
        (values.one_of("a", ""), "b", "'b' is not one of a, ''"),
    ],
)
def test_what_is_wrong_is_said(read: Callable[[object], object], given: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(given)


def test_at_least_one() -> None:
    assert values.at_least_one(7) == 7
    for value in (0, -1, "7", True):
        with pytest.raises(ValueError):
            values.at_least_one(value)


@pytest.mark.parametrize(
    ("version", "text"), [(4, "fd00::/64"), (6, "10.0.0.0/8"), (4, "10.0.0.1"), (4, "10.0.0.0/31")]
)
def test_what_is_no_subnet(version: int, text: str) -> None:
    with pytest.raises(ValueError, match=r"subnet|room"):
        values.subnet(version)(text)


def test_a_subnet_loses_the_bits_of_a_host() -> None:
    assert values.subnet(4)("10.9.8.7/16") == "10.9.0.0/16"
