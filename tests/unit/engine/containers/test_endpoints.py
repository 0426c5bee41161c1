from dataclasses import replace

import pytest
from fakes.containers import a_container

from pier.domain.errors import InvalidArgument
from pier.domain.network import Endpoint, EndpointRequest, IpamPool, Network, PublishedPort
from pier.engine.containers.endpoints import dns_names, plan_endpoint, renamed, same_ports

LAN = Network(id="n", name="lan", driver="bridge", pools=(IpamPool(subnet="10.9.0.0/24"), IpamPool(subnet="fd00::/64")))
NOWHERE = "no configured subnet or ip-range contain the IP address"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"ipv4_address": "10.8.0.1"}, f"invalid endpoint settings:\n{NOWHERE} 10.8.0.1"),
        ({"ipv4_address": "x"}, f"invalid endpoint settings:\n* invalid IPv4 address: x\n* {NOWHERE} x"),
        ({"ipv4_address": "fd00::1"}, f"* invalid IPv4 address: fd00::1\n* {NOWHERE} fd00::1"),
        ({"ipv6_address": "fd00::1"}, "is supported only when connecting to networks with user configured subnets"),
        ({"mac_address": "2:42:0:0:0:9"}, "invalid config for network lan: invalid MAC address 2:42:0:0:0:9"),
    ],
)
def test_an_endpoint_must_be_possible_on_its_network(asked: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        plan_endpoint(LAN, EndpointRequest(**asked), "c", "web", "")  # type: ignore[arg-type]  # only texts
    assert raised.value.message.endswith(reason)


@pytest.mark.parametrize("address", ["::ffff:10.9.0.7", "10.9.0.7", "x"])
def test_what_is_no_ipv6_address_is_refused_as_such(address: str) -> None:
    with pytest.raises(InvalidArgument, match=f"invalid IPv6 address: {address}"):
        plan_endpoint(replace(LAN, enable_ipv6=True), EndpointRequest(ipv6_address=address), "c", "web", "")


def test_an_endpoints_mac_address_is_kept_in_one_form() -> None:
    request = EndpointRequest(mac_address="02-42-0A-00-00-02", ipv4_address="10.9.0.7")
    assert plan_endpoint(LAN, request, "c", "web", "").request.mac_address == "02:42:0a:00:00:02"


def test_each_name_is_there_once_the_own_first() -> None:
    request = EndpointRequest(aliases=("www", "web"))
    assert dns_names(request, "0123456789abcdef", "web", "") == ("web", "www", "0123456789ab")
    assert dns_names(request, "0123456789abcdef", "web", "box") == ("web", "www", "0123456789ab", "box")


def test_endpoints_without_names_get_none_from_a_rename() -> None:
    named = Endpoint(network_id="n", network_name="n", dns_names=("web",), request=EndpointRequest(aliases=("www",)))
    container = a_container(endpoints={"n": named, "bridge": Endpoint(network_id="b", network_name="bridge")})
    after = renamed(container, "proxy")
    assert after["n"].dns_names[:2] == ("proxy", "www")
    assert after["bridge"].dns_names == ()


def test_the_same_ports_are_asked_for_by_number() -> None:
    (request,) = same_ports([PublishedPort(port=80, protocol="tcp", host_ip="127.0.0.1", host_port=32768)])
    assert (request.port, request.protocol) == (80, "tcp")
    assert (request.binding.host_ip, request.binding.host_port) == ("127.0.0.1", "32768")
