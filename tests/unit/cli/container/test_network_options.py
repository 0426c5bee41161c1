from typing import Any

import pytest

from pier.cli.container.create import CREATE
from pier.cli.container.network_options import is_mac, read_endpoints, read_network
from pier.cli.errors import CliError
from pier.cli.parser import read_command


def endpoints(*argv: str) -> tuple[str, dict[str, Any]]:
    return read_endpoints(read_command(CREATE, [*argv, "img"])[0])


@pytest.mark.parametrize(
    "argv",
    [
        ["--network", "a", "--network", "a"],
        ["--network", "name=a,ip=1.2.3.4", "--ip", "1.2.3.5"],
        ["--network", "name=a,mac-address=02:42:ac:11:00:02", "--mac-address", "02:42:ac:11:00:03"],
        ["--network", "a", "--network", "container:x"],
    ],
)
def test_conflicts(argv: list[str]) -> None:
    with pytest.raises(CliError):
        endpoints(*argv)


@pytest.mark.parametrize("text", ["name=a,b", "alias=x", "name=a,gw-priority=x", "name=a,mac-address=zz", "name="])
def test_bad_values(text: str) -> None:
    with pytest.raises(ValueError):
        read_network(text)


def test_namespaces_of_others_have_no_endpoints() -> None:
    assert endpoints("--network", "container:x") == ("container:x", {})
    assert endpoints("--network", "host") == ("host", {})
    assert list(endpoints("--network", "bridge", "--network", "n")[1]) == ["bridge", "n"]


def test_mac_addresses() -> None:
    assert is_mac("02:42:ac:11:00:02")
    assert is_mac("02-42-AC-11-00-02")
    assert not is_mac("02:42:ac:11:00")
    assert not is_mac("02:42:ac:11:00:0g")
