"""Ports as users write them."""

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.network import parse_port, parse_port_range


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
