from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from pier.domain.network import Endpoint, EndpointRequest
from pier.network.dns.zone import Zone


def endpoint(network: str, address: str, *names: str, priority: int = 0) -> Endpoint:
    return Endpoint(
        network_id=f"id of {network}",
        network_name=network,
        ipv4_address=address,
        dns_names=names,
        request=EndpointRequest(gw_priority=priority),
    )


def found(zone: Zone, container_id: str, name: str) -> set[str]:
    return {str(address) for address in zone.find(container_id, name)}


def test_names_are_those_of_shared_networks() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("front", "10.0.0.1", "Web", "www"), endpoint("back", "10.1.0.1", "web")])
    zone.put("c2", [endpoint("back", "10.1.0.2", "db")])
    zone.put("c3", [endpoint("front", "10.0.0.3", "proxy")])
    assert found(zone, "c1", "db") == {"10.1.0.2"}
    assert found(zone, "c1", "db.back") == {"10.1.0.2"}
    assert found(zone, "c1", "db.front") == set()
    assert found(zone, "c3", "db") == set()
    assert found(zone, "c3", "web") == {"10.0.0.1"}
    assert found(zone, "c2", "www") == set()
    assert found(zone, "nobody", "db") == set()


def test_a_name_with_dots_is_a_name_first() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("my.net", "10.0.0.1", "a.b"), endpoint("other", "10.1.0.1", "x")])
    assert found(zone, "c1", "a.b") == {"10.0.0.1"}
    assert found(zone, "c1", "a.b.my.net") == {"10.0.0.1"}
    assert found(zone, "c1", ".my.net") == set()
    assert found(zone, "c1", "a.b.other") == set()


def test_the_first_network_with_the_name_answers() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("a", "10.0.0.1", "me"), endpoint("b", "10.1.0.1", "me", priority=1)])
    zone.put("c2", [endpoint("a", "10.0.0.2", "db"), endpoint("b", "10.1.0.2", "db")])
    assert found(zone, "c1", "db") == {"10.1.0.2"}
    assert found(zone, "c1", "db.a") == {"10.0.0.2"}


def test_several_share_an_alias_until_they_leave() -> None:
    zone = Zone()
    for number in (1, 2, 3):
        zone.put(f"c{number}", [endpoint("n", f"10.0.0.{number}", f"w{number}", "web", "WEB")])
    assert found(zone, "c1", "web") == {"10.0.0.1", "10.0.0.2", "10.0.0.3"}
    zone.leave("c2", "id of n")
    zone.leave("c2", "id of n")
    assert found(zone, "c1", "web") == {"10.0.0.1", "10.0.0.3"}
    assert found(zone, "c2", "web") == set()
    zone.put("c3", [endpoint("n", "10.0.0.3", "renamed")])
    assert found(zone, "c1", "web") == {"10.0.0.1"}
    assert found(zone, "c1", "w3") == set()
    zone.drop("c1")
    zone.drop("c1")
    assert found(zone, "c3", "web") == set()


def test_addresses_have_the_name_and_network_of_their_container() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("front", "10.0.0.1", "Web", "alias")])
    zone.put("c2", [endpoint("back", "10.1.0.1", "db")])
    assert zone.find_name("c1", IPv4Address("10.0.0.1")) == "Web.front"
    assert zone.find_name("c1", IPv4Address("10.1.0.1")) == ""
    zone.drop("c1")
    assert zone.find_name("c1", IPv4Address("10.0.0.1")) == ""


def test_endpoints_without_names_are_not_in_it() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("bridge", "10.0.0.1")])
    zone.put("c2", [endpoint("front", "", "unplugged")])
    assert found(zone, "c1", "unplugged") == found(zone, "c2", "unplugged") == set()
    assert zone.find_name("c1", IPv4Address("10.0.0.1")) == ""


def test_an_address_that_was_given_on_stays_with_its_new_holder() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("n", "10.0.0.1", "old")])
    zone.put("c2", [endpoint("n", "10.0.0.1", "new")])
    zone.drop("c1")
    assert zone.find_name("c2", IPv4Address("10.0.0.1")) == "new.n"


def test_addresses_of_both_families_are_found_and_named() -> None:
    zone = Zone()
    both = replace(endpoint("front", "10.0.0.1", "web"), ipv6_address="fd00::1")
    zone.put("c1", [both])
    zone.put("c2", [replace(endpoint("front", "", "six"), ipv6_address="fd00::2")])
    assert found(zone, "c2", "web") == {"10.0.0.1", "fd00::1"}
    assert found(zone, "c1", "six") == {"fd00::2"}
    assert zone.find_name("c1", IPv6Address("fd00::2")) == "six.front"
    zone.drop("c1")
    assert zone.find_name("c2", IPv6Address("fd00::1")) == ""


def test_a_link_is_a_name_that_one_container_alone_knows() -> None:
    zone = Zone()
    linked = replace(endpoint("front", "10.0.0.1", "web"), request=EndpointRequest(links=("db:Data", "later:x", "db")))
    zone.put("c1", [linked])
    zone.put("c2", [endpoint("front", "10.0.0.2", "db")])
    assert found(zone, "c1", "data") == {"10.0.0.2"}
    assert found(zone, "c1", "data.front") == {"10.0.0.2"}
    assert found(zone, "c1", "x") == set()
    assert found(zone, "c2", "data") == set()
    zone.put("c3", [endpoint("front", "10.0.0.3", "later")])
    assert found(zone, "c1", "x") == {"10.0.0.3"}
    zone.leave("c1", "id of front")
    assert found(zone, "c1", "data") == set()
