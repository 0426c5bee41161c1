from fakes.containers import a_container

from pier.domain.container import HostConfig
from pier.domain.network import Endpoint, NameServer
from pier.engine.containers.files import FALLBACK_SERVERS
from pier.engine.containers.naming import has_resolver, name_servers


def test_the_hosts_servers_are_asked_and_its_loopback_from_the_host() -> None:
    text = "nameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver junk\n"
    assert name_servers(a_container(), text) == (
        NameServer("127.0.0.53", from_host=True),
        NameServer("192.0.2.1"),
        NameServer("fe80::1%eth0", from_host=True),
    )


def test_the_containers_own_servers_are_asked_from_inside_and_never_itself() -> None:
    container = a_container(host_config=HostConfig(dns=("127.0.0.1", "127.0.0.11", "2001:db8::1")))
    assert name_servers(container, "nameserver 192.0.2.1\n") == (NameServer("127.0.0.1"), NameServer("2001:db8::1"))


def test_without_a_server_public_ones_are_asked() -> None:
    assert [server.address for server in name_servers(a_container(), "")] == list(FALLBACK_SERVERS)


def test_a_resolver_belongs_to_names() -> None:
    plain = Endpoint(network_id="b", network_name="bridge")
    assert not has_resolver([plain])
    assert has_resolver([plain, Endpoint(network_id="n", network_name="n", dns_names=("web",))])
