"""Ports as users write them."""

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.network import choose_family, parse_endpoint_sysctls, parse_mac, parse_port, parse_port_range


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80", (80, "tcp")),
        ("80/tcp", (80, "tcp")),
        ("53/udp", (53, "udp")),
        ("1/SCTP", (1, "sctp")),
        ("65535", (65535, "tcp")),
    ],
)
def test_ports(text: str, expected: tuple[int, str]) -> None:
    assert parse_port(text) == expected


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "http", "80/icmp", "80-90", " 80", "٣"])
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_port(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("", (0, 0)), ("8080", (8080, 8080)), ("8000-8010", (8000, 8010)), ("0", (0, 0))]
)
def test_ranges(text: str, expected: tuple[int, int]) -> None:
    assert parse_port_range(text) == expected


@pytest.mark.parametrize("text", ["http", "9-8", "1-65536", "-", "8000-x", "1-2-3"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_port_range(text)


def test_sysctls_of_an_endpoint_name_no_interface() -> None:
    key = "com.docker.network.endpoint.sysctls"
    text = "net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=2"
    assert parse_endpoint_sysctls({key: text}) == [
        ("net/ipv4/conf/IFNAME/log_martians", "1"),
        ("net/ipv6/conf/IFNAME/accept_ra", "2"),
    ]
    assert parse_endpoint_sysctls({key: text.lower()}) == parse_endpoint_sysctls({key: text})  # the docker CLI's way
    assert parse_endpoint_sysctls({}) == []
    for wrong in ("net.ipv4.ip_forward=1", "net.ipv4.conf.eth0.x=1", "net.ipv4.conf.IFNAME.x", "kernel.a.b.IFNAME.c=1"):
        with pytest.raises(InvalidArgument, match="unrecognised network interface sysctl"):
            parse_endpoint_sysctls({key: wrong})
    with pytest.raises(InvalidArgument, match="invalid network interface sysctl"):
        parse_endpoint_sysctls({key: "net.ipv4.a/b.IFNAME.y=1"})


@pytest.mark.parametrize("text", ["02:42:0a:00:00:02", "02-42-0A-00-00-02", "0242.0a00.0002"])
def test_forms_of_a_mac_address(text: str) -> None:
    assert parse_mac(text) == "02:42:0a:00:00:02"


@pytest.mark.parametrize(
    "text", ["x", "2:42:a:0:0:2", "02:42:0a:00:00", "02:42:0a:00:00:02:01:02", "02:42-0a:00:00:02"]
)
def test_what_is_no_mac_address(text: str) -> None:
    with pytest.raises(InvalidArgument, match=f"invalid MAC address {text}"):
        parse_mac(text)


def test_a_family_is_as_asked_for_else_as_the_options_say() -> None:
    options = {"com.docker.network.enable_ipv4": "false", "com.docker.network.enable_ipv6": "1"}
    assert (choose_family(options, 4, None, True), choose_family(options, 6, None, False)) == (False, True)
    assert (choose_family(options, 4, True, True), choose_family(options, 6, False, False)) == (True, False)
    assert (choose_family({}, 4, None, True), choose_family({}, 6, None, False)) == (True, False)
    with pytest.raises(InvalidArgument, match=r'"com.docker.network.enable_ipv6" is not a valid bool'):
        choose_family({"com.docker.network.enable_ipv6": "yes"}, 6, None, False)
