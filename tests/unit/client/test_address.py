import pytest

from pier.client.address import parse_address
from pier.client.errors import AddressError


def test_unix_address_is_a_path() -> None:
    assert parse_address("unix:///run/pier/pier.sock").path == "/run/pier/pier.sock"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("tcp://10.0.0.1:2376", "10.0.0.1", 2376),
        ("tcp://host", "host", 2375),
        ("http://host:80/ignored", "host", 80),
        ("host:99", "host", 99),
        ("tcp://[::1]:5", "::1", 5),
        ("tcp://:5", "127.0.0.1", 5),
    ],
)
def test_tcp_addresses(text: str, host: str, port: int) -> None:
    address = parse_address(text)
    assert (address.host, address.port, address.path) == (host, port, "")


@pytest.mark.parametrize(
    "text", ["unix://", "tcp://h:x", "tcp://h:70000", "ftp://h", "ssh://", "ssh://-x", "https://h"]
)
def test_unusable_addresses_are_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_address(text)


def test_ssh_addresses_are_arguments_of_ssh() -> None:
    ssh = parse_address("ssh://me@far:2222/run/other.sock").ssh
    assert ssh[3:] == (
        "-l",
        "me",
        "-p",
        "2222",
        "--",
        "far",
        "pier",
        "-H",
        "unix:///run/other.sock",
        "system",
        "dial-stdio",
    )
    assert parse_address("ssh://far").ssh[3:] == ("--", "far", "pier", "system", "dial-stdio")
