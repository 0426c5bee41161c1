"""hosts and resolv.conf."""

import pytest

from pier.domain.container import Config, Container, HostConfig
from pier.domain.network import Endpoint
from pier.engine.containers.files import FALLBACK_SERVERS, hosts_file, resolv_conf


def a_container(host: HostConfig | None = None, **config: str) -> Container:
    return Container(
        id="c",
        name="c",
        created_at=0,
        image_ref="x",
        image_id="x",
        config=Config(**config),  # type: ignore[arg-type]  # tests name fields freely
        host_config=host or HostConfig(),
    )


def an_endpoint(address: str) -> Endpoint:
    return Endpoint(network_id="n", network_name="bridge", ipv4_address=address)


def test_hosts_has_localhost_extra_hosts_and_own_addresses_in_this_order() -> None:
    host = HostConfig(extra_hosts=("db:10.0.0.9", "up:host-gateway", "six:fd00::1"))
    text = hosts_file(
        a_container(host, hostname="web", domainname="corp.test"),
        [an_endpoint("172.18.0.2")],
        ("172.18.0.1", "fd00::99"),
    )
    lines = text.splitlines()
    assert lines[0] == "127.0.0.1\tlocalhost"
    assert lines[-5:] == [
        "10.0.0.9\tdb",
        "172.18.0.1\tup",
        "fd00::99\tup",
        "fd00::1\tsix",
        "172.18.0.2\tweb.corp.test web",
    ]


@pytest.mark.parametrize(("value", "there"), [("0", True), ("1", False)])
def test_hosts_of_a_container_that_switches_ipv6_off_have_no_lines_of_it(value: str, there: bool) -> None:
    for key in ("net.ipv6.conf.all.disable_ipv6", "net/ipv6/conf/all/disable_ipv6"):
        text = hosts_file(a_container(HostConfig(sysctls={key: value})), [an_endpoint("1.2.3.4")], ())
        assert (":" in text) is there
        assert text.startswith("127.0.0.1\tlocalhost\n")


def test_a_dotted_host_name_has_its_first_part_too() -> None:
    text = hosts_file(a_container(hostname="a.b.c"), [an_endpoint("1.2.3.4")], ())
    assert text.endswith("1.2.3.4\ta.b.c a\n")


def test_loopback_servers_of_the_host_are_left_out() -> None:
    text = resolv_conf(a_container(), "nameserver 127.0.0.53\nnameserver 10.0.0.2\nsearch a b\noptions ndots:2\n")
    assert text == "nameserver 10.0.0.2\nsearch a b\noptions ndots:2\n"


def test_on_the_hosts_network_its_loopback_servers_are_within_reach() -> None:
    host = HostConfig(network_mode="host", dns_search=("a",))
    assert resolv_conf(a_container(host), "nameserver 127.0.0.53\n") == "nameserver 127.0.0.53\nsearch a\n"


def test_without_a_usable_server_public_ones_are_named() -> None:
    text = resolv_conf(a_container(), "# nameserver 10.0.0.2\nnameserver ::1\n")
    assert text == "".join(f"nameserver {server}\n" for server in FALLBACK_SERVERS)


def test_dns_options_take_the_place_of_the_hosts() -> None:
    host = HostConfig(dns=("9.9.9.9",), dns_search=(".",), dns_options=("ndots:5",))
    assert resolv_conf(a_container(host), "nameserver 10.0.0.2\nsearch a\n") == "nameserver 9.9.9.9\noptions ndots:5\n"


def test_a_resolver_of_the_containers_own_is_its_only_server() -> None:
    host_text = "nameserver 10.0.0.2\nsearch corp.test\noptions edns0\n"
    text = resolv_conf(a_container(), host_text, resolver="127.0.0.11")
    assert text == "nameserver 127.0.0.11\nsearch corp.test\noptions edns0 ndots:0\n"
    host = HostConfig(dns=("9.9.9.9",), dns_search=("a", "b"), dns_options=("ndots:2", "rotate"))
    text = resolv_conf(a_container(host), host_text, resolver="127.0.0.11")
    assert text == "nameserver 127.0.0.11\nsearch a b\noptions ndots:2 rotate\n"
