import pytest

from pier.cli.container.ports import publish, read_ports
from pier.cli.errors import CliError


@pytest.mark.parametrize(
    ("spec", "bindings"),
    [
        ("80", [("80/tcp", "", "")]),
        ("80-81", [("80/tcp", "", ""), ("81/tcp", "", "")]),
        ("1.2.3.4:5:6/udp", [("6/udp", "1.2.3.4", "5")]),
        ("::1:5:6", [("6/tcp", "::1", "5")]),
        ("[::1]:5:6", [("6/tcp", "::1", "5")]),
        ("[::1]::6", [("6/tcp", "::1", "")]),
        ("5-6:7-8", [("7/tcp", "", "5"), ("8/tcp", "", "6")]),
        ("5-9:7", [("7/tcp", "", "5-9")]),
        ("5:7/SCTP", [("7/sctp", "", "5")]),
    ],
)
def test_specs(spec: str, bindings: list[tuple[str, str, str]]) -> None:
    assert [(port, b["HostIp"], b["HostPort"]) for port, b in publish(spec)] == bindings


@pytest.mark.parametrize(
    "spec", ["", "80:", "x:80", "80:x", "70000", "9-5", "a.b.c.d:1:2", "80/xyz", "1-3:5-6", "1:2:3:4"]
)
def test_bad_specs(spec: str) -> None:
    with pytest.raises(CliError):
        publish(spec)


@pytest.mark.parametrize("item", ["published=1", "target=1,foo=2", "target"])
def test_bad_long_forms(item: str) -> None:
    with pytest.raises(CliError):
        read_ports([item], [])


def test_one_port_may_be_published_twice_and_exposing_adds() -> None:
    exposed, bindings = read_ports(["80:80", "81:80"], ["80", "90/udp"])
    assert exposed == {"80/tcp": {}, "90/udp": {}}
    assert [binding["HostPort"] for binding in bindings["80/tcp"]] == ["80", "81"]
    for wrong in ("1:2", "x", "5-x"):
        with pytest.raises(CliError):
            read_ports([], [wrong])
