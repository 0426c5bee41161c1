from collections.abc import Callable

import pytest

from pier.cli.container import checks


@pytest.mark.parametrize(
    ("check", "text", "value"),
    [
        (checks.extra_host, "a=[::1]", "a:::1"),
        (checks.extra_host, "a:host-gateway", "a:host-gateway"),
        (checks.dns_search, ".", "."),
        (checks.dns_search, "a-b.c", "a-b.c"),
        (checks.stream, "STDOUT", "stdout"),
        (checks.device_rule, "a *:* rwm", "a *:* rwm"),
        (checks.weight_device, "/dev/a:0", {"Path": "/dev/a", "Weight": 0}),
        (checks.rate_bytes, "/dev/a:1mb", {"Path": "/dev/a", "Rate": 1 << 20}),
        (checks.rate_count, "/dev/a:7", {"Path": "/dev/a", "Rate": 7}),
        (checks.ulimit, "nofile=5:-1", {"Name": "nofile", "Hard": -1, "Soft": 5}),
        (checks.label, "a", ("a", "")),
        (checks.sysctl, "net.x=1", ("net.x", "1")),
        (checks.detach_keys, "ctrl-a", b"\x01"),
    ],
)
def test_values(check: Callable[[str], object], text: str, value: object) -> None:
    assert check(text) == value


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (checks.extra_host, "=1.2.3.4"),
        (checks.dns_search, "a b"),
        (checks.dns_search, "a..b"),
        (checks.device_rule, "c 1 rwm"),
        (checks.device_rule, "x 1:2 rwm"),
        (checks.device_rule, "c 1:2 "),
        (checks.weight_device, "a:5"),
        (checks.weight_device, "/dev/a:5"),
        (checks.rate_bytes, "a:5"),
        (checks.rate_bytes, "/dev/a:x"),
        (checks.rate_count, "a:5"),
        (checks.rate_count, "/dev/a:1k"),
        (checks.ulimit, "nofile=x"),
        (checks.ulimit, "nofile=-1:5"),
        (checks.gpus, "count=x"),
        (checks.gpus, "count=1,count=2"),
        (checks.gpus, "foo=1"),
        (checks.label, " "),
        (checks.sysctl, "kernel.hostname=x"),
    ],
)
def test_refusals(check: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError):
        check(text)


def test_gpus_without_a_count_is_one() -> None:
    assert checks.gpus("driver=x")["Count"] == 1
