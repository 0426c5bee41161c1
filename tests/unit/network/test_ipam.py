from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.domain.errors import Conflict, InvalidArgument
from pier.domain.network import IpamPool
from pier.network.ipam import (
    DEFAULT_POOLS,
    AddressPool,
    Occupied,
    choose_subnet,
    complete_pool,
    find_overlap,
    occupied_by_pools,
    parse_pools,
    unique_local_pool,
    version_of,
)


def pool() -> AddressPool:
    return AddressPool(complete_pool(IpamPool(subnet="10.1.0.0/29")), "web")


def taken(*subnets: str) -> list[Occupied]:
    return [Occupied(IPv4Network(subnet), f"network of {subnet}") for subnet in subnets]


def test_default_pools_are_docker_s_in_order_and_fit_thousands_of_networks() -> None:
    pools = parse_pools(DEFAULT_POOLS)
    assert str(choose_subnet(pools, [])) == "172.17.0.0/22"
    assert str(choose_subnet(pools, taken("172.16.0.0/12"))) == "192.168.0.0/22"
    assert str(choose_subnet(pools, taken("172.16.0.0/12", "192.168.0.0/24"))) == "192.168.4.0/22"
    assert str(choose_subnet(pools, taken("172.16.0.0/12", "192.168.0.0/16"))) == "10.128.0.0/22"
    assert sum(1 << (prefix - base.prefixlen) for base, prefix in pools) > 8000


def test_exhausted_pools_say_what_to_do() -> None:
    with pytest.raises(Conflict, match=r"fully subnetted.*--default-address-pool"):
        choose_subnet(parse_pools(["10.0.0.0/24"]), taken("10.0.0.128/25"))


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(10, 30))))
def test_chosen_subnet_never_overlaps(blocks: list[tuple[int, int]]) -> None:
    occupied = [Occupied(IPv4Network((f"10.{second}.0.0", prefix), strict=False), "x") for second, prefix in blocks]
    try:
        subnet = choose_subnet(parse_pools(["base=10.0.0.0/8,size=20"]), occupied)
    except Conflict:
        return
    assert subnet.prefixlen == 20
    assert find_overlap(subnet, occupied) is None


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "base=10.0.0.0/8,size=7", "base=10.0.0.0/8,size=x", "size=24"])
def test_wrong_default_pool_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_pools([text])


def test_gateway_is_the_first_address_and_containers_follow() -> None:
    addresses = pool()
    assert str(addresses.gateway_interface) == "10.1.0.1/29"
    assert [str(addresses.allocate()) for _ in range(5)] == [f"10.1.0.{last}" for last in range(2, 7)]
    with pytest.raises(Conflict, match=r"no available IPv4 addresses .* web"):
        addresses.allocate()


def test_released_address_comes_back_last() -> None:
    addresses = pool()
    first = addresses.allocate()
    addresses.release(first)
    assert [addresses.allocate() for _ in range(5)][-1] == first


def test_range_and_auxiliary_addresses_are_respected() -> None:
    completed = complete_pool(IpamPool(subnet="10.1.0.0/24", ip_range="10.1.0.8/30", aux_addresses={"nas": "10.1.0.9"}))
    addresses = AddressPool(completed, "web")
    assert [str(addresses.allocate()) for _ in range(3)] == ["10.1.0.8", "10.1.0.10", "10.1.0.11"]


def test_auxiliary_addresses_are_nobody_s_to_ask_for() -> None:
    completed = complete_pool(IpamPool(subnet="10.1.0.0/24", aux_addresses={"nas": "10.1.0.9"}))
    with pytest.raises(Conflict, match=r"Address already in use: 10\.1\.0\.9 on network web"):
        AddressPool(completed, "web").claim("10.1.0.9")


def test_fixed_address_is_checked() -> None:
    addresses = pool()
    assert addresses.claim("10.1.0.4") == IPv4Address("10.1.0.4")
    for address in ("10.1.0.4", "10.1.0.1"):
        with pytest.raises(Conflict, match="Address already in use"):
            addresses.claim(address)
    for address in ("10.2.0.4", "10.1.0.7", "10.1.0.0", "web"):
        with pytest.raises(InvalidArgument):
            addresses.claim(address)
    with pytest.raises(InvalidArgument):
        addresses.claim("fd00::4")


def test_adopted_address_is_in_use_and_allocation_goes_on_after_it() -> None:
    addresses = pool()
    addresses.adopt(IPv4Address("10.1.0.3"))
    addresses.adopt(IPv4Address("10.1.0.3"))
    assert not addresses.is_unused
    assert str(addresses.allocate()) == "10.1.0.4"


def test_pool_is_completed_or_refused() -> None:
    assert complete_pool(IpamPool(subnet="10.1.0.0/24")).gateway == "10.1.0.1"
    assert complete_pool(IpamPool(subnet="10.1.0.0/24", gateway="10.1.0.254")).gateway == "10.1.0.254"
    for wrong in (
        IpamPool(subnet="10.1.0.0"),
        IpamPool(subnet="10.1.0.1/24"),
        IpamPool(subnet="10.1.0.0/31"),
        IpamPool(subnet="10.1.0.0/24", gateway="10.2.0.1"),
        IpamPool(subnet="10.1.0.0/24", gateway="10.1.0.255"),
        IpamPool(subnet="10.1.0.0/24", ip_range="10.2.0.0/25"),
        IpamPool(subnet="10.1.0.0/24", aux_addresses={"nas": "10.2.0.1"}),
    ):
        with pytest.raises(InvalidArgument):
            complete_pool(wrong)
    assert complete_pool(IpamPool(subnet="10.1.0.0/31"), gateway=False).gateway == ""
    assert complete_pool(IpamPool(subnet="10.1.0.0/24", gateway="10.1.0.9"), gateway=False).gateway == "10.1.0.9"
    for small, gateway in (("10.1.0.0/32", False), ("fd00::/127", True), ("fd00::/128", False)):
        with pytest.raises(InvalidArgument, match="no room"):
            complete_pool(IpamPool(subnet=small), gateway=gateway)
    assert complete_pool(IpamPool(subnet="fd00::/64")).gateway == "fd00::1"
    assert complete_pool(IpamPool(subnet="fd00::/64", gateway="fd00::ffff:ffff:ffff:ffff")).subnet == "fd00::/64"
    for six in (
        IpamPool(subnet="fd00::/64", gateway="fd00::"),
        IpamPool(subnet="fd00::/64", gateway="10.1.0.1"),
        IpamPool(subnet="fd00::/64", ip_range="fd00::/32"),
        IpamPool(subnet="fd00::/64", ip_range="10.1.0.0/24"),
    ):
        with pytest.raises(InvalidArgument):
            complete_pool(six)


def test_ipv6_addresses_follow_the_gateway() -> None:
    addresses = AddressPool(complete_pool(IpamPool(subnet="fd00::/64")), "web")
    assert [str(addresses.allocate()) for _ in range(2)] == ["fd00::2", "fd00::3"]
    assert str(addresses.claim("fd00::ffff:ffff:ffff:ffff")) == "fd00::ffff:ffff:ffff:ffff"
    with pytest.raises(InvalidArgument, match="parent subnet"):
        addresses.claim("10.0.0.1")
    with pytest.raises(Conflict):
        addresses.claim("fd00::2")


def test_own_ipv6_subnets_are_of_one_site_and_do_not_repeat() -> None:
    pool = unique_local_pool("some host")
    assert pool == unique_local_pool("some host") != unique_local_pool("another")
    assert (pool[0].prefixlen, pool[1]) == (48, 64)
    assert pool[0].subnet_of(IPv6Network("fd00::/8"))
    first = choose_subnet([pool], [])
    second = choose_subnet([pool], [Occupied(first, "network one")])
    assert first != second
    assert second.network_address in pool[0]


def test_a_pool_is_of_the_family_it_names() -> None:
    assert version_of(IpamPool()) == 4
    assert version_of(IpamPool(subnet="10.0.0.0/8")) == 4
    assert version_of(IpamPool(gateway="fd00::1")) == 6
    assert version_of(IpamPool(aux_addresses={"DefaultGatewayIPv6": "fd00::9"})) == 6


def test_overlap_names_who_is_in_the_way() -> None:
    occupied = occupied_by_pools({"web": [IpamPool(subnet="10.1.0.0/16")], "six": [IpamPool(subnet="fd00::/64")]})
    clash = find_overlap(IPv4Network("10.1.2.0/24"), occupied)
    assert clash == Occupied(IPv4Network("10.1.0.0/16"), "network web")


@pytest.mark.parametrize("subnet", ["10.1.0.0/31", "fd00::/127"])
def test_without_a_gateway_both_of_two_addresses_are_containers(subnet: str) -> None:
    addresses = AddressPool(complete_pool(IpamPool(subnet=subnet), gateway=False), "web")
    assert [addresses.allocate(), addresses.allocate()] == list(addresses.subnet)
    assert (addresses.gateway, addresses.way_out, addresses.gateway_interface) == (None, None, None)
    with pytest.raises(Conflict):
        addresses.claim(str(addresses.subnet[0]))
