from dataclasses import replace

import pytest
from fakes.containers import a_container

from pier.api.translate.endpoints import describe_port_list, describe_ports, endpoints_of, load_endpoint
from pier.domain.container import Config, State, Status
from pier.domain.network import Endpoint, EndpointRequest, PublishedPort
from pier.wire.host_config import EndpointSettings
from pier.wire.shape import decode


def test_a_request_for_an_endpoint() -> None:
    text = (
        '{"IPAMConfig":{"IPv4Address":"10.0.0.2","IPv6Address":"fd::2","LinkLocalIPs":["169.254.1.1"]},'
        '"Links":["a:b"],"Aliases":["c"],"MacAddress":"02:00:00:00:00:01","DriverOpts":{"d":"e"},"GwPriority":7}'
    )
    assert load_endpoint(decode(text, EndpointSettings)) == EndpointRequest(
        ipv4_address="10.0.0.2",
        ipv6_address="fd::2",
        link_local_ips=("169.254.1.1",),
        mac_address="02:00:00:00:00:01",
        aliases=("c",),
        links=("a:b",),
        driver_opts={"d": "e"},
        gw_priority=7,
    )


def test_ports_are_in_order_and_each_once() -> None:
    bound = PublishedPort(port=80, protocol="tcp", host_ip="0.0.0.0", host_port=1)
    endpoint = Endpoint(network_id="n", network_name="n", published=(bound,))
    container = a_container(
        config=Config(exposed_ports=("443", "80/tcp", "53/udp", "1000-1001/tcp")),
        endpoints={"n": endpoint, "m": replace(endpoint, network_name="m")},
    )
    assert list(describe_ports(container)) == ["53/udp", "80/tcp", "443/tcp", "1000-1001/tcp"]
    assert [(item.private_port, item.public_port or None) for item in describe_port_list(container)] == [
        (53, None),
        (80, 1),
        (443, None),
        (1000, None),
    ]


@pytest.mark.parametrize("status", [Status.CREATED, Status.EXITED, Status.RESTARTING])
def test_without_a_process_there_are_no_ports(status: Status) -> None:
    container = a_container(config=Config(exposed_ports=("80/tcp",)), state=State(status=status))
    assert (describe_ports(container), describe_port_list(container)) == ({}, [])


@pytest.mark.parametrize("state", [State(), State(status=Status.EXITED, started_at=1)])
def test_what_is_on_no_network_shows_none(state: State) -> None:
    assert endpoints_of(a_container(endpoints={}, state=state)) == {}
