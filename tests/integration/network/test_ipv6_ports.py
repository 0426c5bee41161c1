"""Host ports on IPv6 addresses, carried to containers by the relay: reached, free again, and there without pierd."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from support.netlab import Lab
from support.network_engine import NetworkEngine, publish
from support.wait import wait_for

from pier.domain.errors import Conflict
from pier.domain.network import Network

pytestmark = pytest.mark.root


def pid_of_relay(path: Path) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(str(path))
        return int.from_bytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)


@pytest.fixture
def relay_socket(tmp_path: Path) -> Path:
    return tmp_path / "test" / "relay.sock"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_port_without_an_address_is_on_ipv6_too(lab: Lab, site: NetworkEngine, bridge: Network, protocol: str) -> None:
    outside = lab.neighbour("outside", 1)
    outside.sh("echo 0 > /proc/sys/net/ipv6/conf/wire1b/disable_ipv6; ip -6 addr add fd09::2/64 dev wire1b nodad")
    lab.sh("echo 0 > /proc/sys/net/ipv6/conf/wire1/disable_ipv6; ip -6 addr add fd09::1/64 dev wire1 nodad")
    _, endpoint, published = site.container(bridge, "web", publish("8080", protocol=protocol))

    assert [(port.host_ip, port.host_port) for port in published] == [("0.0.0.0", 8080), ("::", 8080)]
    assert lab.ask("::1", 8080, protocol=protocol) == f"web {endpoint.gateway}"
    assert outside.ask("fd09::1", 8080, protocol=protocol) == f"web {endpoint.gateway}"
    site.end(endpoint)
    assert lab.cannot_reach("::1", 8080, protocol=protocol)
    assert site.keeper.kept == {}


def test_a_port_that_was_used_a_moment_ago_is_on_ipv6_again(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    """What is left of its connections, in TIME_WAIT for a minute, blocks the port for nobody who may have it."""
    for name in ("first", "second", "third"):
        _, endpoint, published = site.container(bridge, name, publish("8080"))
        assert [port.host_ip for port in published] == ["0.0.0.0", "::"]
        assert (lab.ask("::1", 8080) or "").startswith(f"{name} ")
        site.end(endpoint)


def test_one_address_is_one_address(lab: Lab, site: NetworkEngine, bridge: Network) -> None:
    lab.sh("ip -6 addr add fd08::1/128 dev lo nodad")
    site.container(bridge, "web", publish("8080", host_ip="::1"))
    site.container(bridge, "four", publish("8080", host_ip="127.0.0.1"))
    assert (lab.ask("::1", 8080) or "").startswith("web ")
    assert (lab.ask("127.0.0.1", 8080) or "").startswith("four ")
    assert lab.cannot_reach("fd08::1", 8080)
    with pytest.raises(Conflict, match=r"\[::\]:8080 failed: port is already allocated"):
        site.container(bridge, "greedy", publish("8080", host_ip="::"))


def test_no_relay_runs_for_ports_of_ipv4(site: NetworkEngine, bridge: Network, relay_socket: Path) -> None:
    site.container(bridge, "web", publish("8080", host_ip="127.0.0.1"))
    assert not relay_socket.exists()


def test_it_goes_on_while_pierd_is_away_and_has_no_gap_when_it_returns(
    lab: Lab, site: NetworkEngine, bridge: Network, relay_socket: Path
) -> None:
    site.container(bridge, "web", publish("8080"))
    before = pid_of_relay(relay_socket)
    lab_socket = lab.do(lambda: socket.create_connection(("::1", 8080), timeout=5))
    site.stop()
    assert (lab.ask("::1", 8080) or "").startswith("web ")
    site.networks = site._new()
    site.start()
    assert pid_of_relay(relay_socket) == before
    assert lab_socket.recv(100).startswith(b"web ")
    lab_socket.close()
    assert (lab.ask("::1", 8080) or "").startswith("web ")


def test_what_ended_meanwhile_is_no_longer_carried(lab: Lab, tmp_path: Path, relay_socket: Path) -> None:
    async def kept_names() -> list[str]:
        return list(site.keeper.kept)

    site = NetworkEngine(lab, tmp_path, kept_names=kept_names)
    site.start()
    bridge = site.create()
    site.container(bridge, "web", publish("8080"))
    site.endpoints.clear()

    site.restart()

    assert lab.cannot_reach("::1", 8080)
    site.container(bridge, "next", publish("8080"))
    assert (lab.ask("::1", 8080) or "").startswith("next ")
    site.teardown()
    wait_for(lambda: not relay_socket.exists(), what="the relay has ended", timeout=25)


def test_a_relay_that_was_killed_is_replaced_and_loses_no_port(
    lab: Lab, site: NetworkEngine, bridge: Network, relay_socket: Path
) -> None:
    site.container(bridge, "web", publish("8080"))
    relay = pid_of_relay(relay_socket)
    os.kill(relay, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{relay}/fd/0").exists(), what="the relay is dead")  # its descriptors are closed
    with pytest.raises(OSError, match="in use"):  # the port is held all the same
        lab.do(lambda: socket.create_server(("::1", 8080), family=socket.AF_INET6))
    lab.run(site.networks.refresh())
    assert (lab.ask("::1", 8080) or "").startswith("web ")
