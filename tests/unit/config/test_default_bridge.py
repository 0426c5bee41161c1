import pytest

from pier.config import ConfigError
from pier.config.loading import load


def test_addresses_of_both_families() -> None:
    four = ["--bip", "172.30.0.1/16", "--fixed-cidr", "172.30.5.9/24", "--default-gateway", "172.30.0.254"]
    six = ["--bip6", "fd00:30::5/64", "--fixed-cidr-v6", "fd00:30::/80", "--default-gateway-v6", "fd00:30::9"]
    config = load([*four, "--ipv6", *six])
    assert (config.fixed_cidr, config.fixed_cidr_v6) == ("172.30.5.0/24", "fd00:30::/80")
    assert (config.ipv6, config.bip6, config.default_gateway_v6) == (True, "fd00:30::5/64", "fd00:30::9")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--bip", "10.0.0.0/24"], "--bip '10.0.0.0/24' must be a host's address"),
        (["--bip", "fd00::1/64"], "--bip 'fd00::1/64' is not an IPv4 address"),
        (["--ipv6", "--bip6", "10.0.0.1/24"], "--bip6 '10.0.0.1/24' is not an IPv6 address"),
        (["--bip6", "fd00::1/64"], "--bip6 fd00::1/64: the default bridge has no IPv6; add --ipv6"),
        (["--fixed-cidr-v6", "fd00::/64"], "add --ipv6"),
        (["--default-gateway-v6", "fd00::9"], "add --ipv6"),
        (["--bip", "10.0.0.1/24", "--fixed-cidr", "10.0.1.0/25"], "no part of the bridge's subnet 10.0.0.0/24"),
        (["--bip", "10.0.0.1/24", "--fixed-cidr", "10.0.0.0/23"], "no part of the bridge's subnet 10.0.0.0/24"),
        (["--bip", "10.0.0.1/24", "--default-gateway", "10.0.1.1"], "not inside the bridge's subnet"),
        (["--fixed-cidr", "10.0.0.0/24", "--default-gateway", "10.0.1.1"], "not inside the bridge's subnet"),
        (["--bip", "10.0.0.1/24", "--default-gateway", "10.0.0.1"], "the bridge's own address"),
        (["--default-gateway", "fd00::9"], "--default-gateway fd00::9: not an IPv4 address"),
        (["--ipv6", "--default-gateway-v6", "10.0.0.9"], "--default-gateway-v6 10.0.0.9: not an IPv6 address"),
    ],
)
def test_what_cannot_be(flags: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(flags)
