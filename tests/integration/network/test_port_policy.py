"""Who reaches published ports: everybody, those whom the host's firewall lets in, or the host alone."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.netlab import Lab
from support.network_engine import NetworkEngine, publish

from pier.domain.errors import PermissionDenied, Unsupported

pytestmark = pytest.mark.root
FIREWALL = (
    "nft 'table inet fw { chain in { type filter hook input priority filter; iifname wire1 %s dport 8080 drop; }; }'"
)


@pytest.fixture
def site(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NetworkEngine]:
    made = NetworkEngine(lab, tmp_path, port_policy=request.param)
    made.start()
    yield made
    made.teardown()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("site", ["obey-firewall"], indirect=True)
def test_the_firewall_of_the_host_decides(lab: Lab, site: NetworkEngine, protocol: str) -> None:
    outside = lab.neighbour("outside", 1)
    _, endpoint, _ = site.container(site.create(), "web", publish("8080", protocol=protocol))
    for address in ("127.0.0.1", "10.9.1.1", "::1"):
        assert lab.ask(address, 8080, protocol=protocol) == f"web {endpoint.gateway}", address
    assert outside.ask("10.9.1.1", 8080, protocol=protocol) == f"web {endpoint.gateway}"
    lab.sh(FIREWALL % protocol)
    assert outside.cannot_reach("10.9.1.1", 8080, protocol=protocol)
    assert lab.ask("127.0.0.1", 8080, protocol=protocol) == f"web {endpoint.gateway}"
    lab.sh("nft delete table inet fw")
    site.restart()
    assert outside.ask("10.9.1.1", 8080, protocol=protocol) == f"web {endpoint.gateway}"
    site.end(next(iter(site.endpoints.values()))[0])
    assert outside.cannot_reach("10.9.1.1", 8080, protocol=protocol)


@pytest.mark.parametrize("site", ["open"], indirect=True)
def test_open_ports_are_open(lab: Lab, site: NetworkEngine) -> None:
    outside = lab.neighbour("outside", 1)
    site.container(site.create(), "web", publish("8080"))
    lab.sh(FIREWALL % "tcp")
    assert outside.ask("10.9.1.1", 8080) == "web 10.9.1.2"


@pytest.mark.parametrize("site", ["loopback-only"], indirect=True)
def test_the_host_alone(lab: Lab, site: NetworkEngine) -> None:
    outside = lab.neighbour("outside", 1)
    network = site.create()
    _, _, published = site.container(network, "web", publish("8080"))
    assert [port.host_ip for port in published] == ["127.0.0.1"]
    assert (lab.ask("127.0.0.1", 8080) or "").startswith("web ")
    assert outside.cannot_reach("10.9.1.1", 8080)
    site.container(network, "six", publish("8081", host_ip="::1"))
    for host_ip in ("0.0.0.0", "10.9.1.1", "::"):
        with pytest.raises(PermissionDenied, match="`published-ports` is loopback-only"):
            site.container(network, "greedy", publish("8082", host_ip=host_ip))


@pytest.mark.parametrize("site", ["open"], indirect=True)
def has_sctp() -> bool:
    """(Asking loads the module, if there is one.)"""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("site", ["open"], indirect=True)
def test_sctp_is_published_where_the_kernel_has_it(lab: Lab, site: NetworkEngine) -> None:
    network = site.create()
    if not has_sctp():
        with pytest.raises(Unsupported, match="this kernel has no sctp"):
            site.container(network, "web", publish("8080", protocol="sctp"))
        return
    outside = lab.neighbour("outside", 1)
    web, endpoint, published = site.container(network, "web", publish("8080", protocol="sctp"))
    assert [(port.protocol, port.host_ip) for port in published] == [("sctp", "0.0.0.0")]
    web.serve(80, protocol="sctp")
    assert outside.ask("10.9.1.1", 8080, protocol="sctp") == "web 10.9.1.2"
    assert lab.ask("10.9.1.1", 8080, protocol="sctp") is not None
    with pytest.raises(OSError, match="in use"):
        lab.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).bind(("0.0.0.0", 8080)))
    site.restart()
    assert outside.ask("10.9.1.1", 8080, protocol="sctp") == "web 10.9.1.2"
    site.end(endpoint)
    assert outside.cannot_reach("10.9.1.1", 8080, protocol="sctp")
