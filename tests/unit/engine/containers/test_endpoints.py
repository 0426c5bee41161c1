from fakes.containers import a_container

from pier.domain.network import Endpoint, EndpointRequest, PublishedPort
from pier.engine.containers.endpoints import dns_names, renamed, same_ports


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
