"""What plugging in does is in tests/integration/network; here is what may go wrong on the way out."""

from ipaddress import IPv4Address

import pytest
from support.netlab import Lab

from pier.network.plug import set_gateways, unplug


@pytest.mark.root
def test_unplugging_takes_all_addresses_and_moves_the_default_route(lab: Lab) -> None:
    place = lab.neighbour("inside", 1)
    place.sh("ip addr add 10.9.7.2/24 dev wire1b")
    place.sh("ip link add spare type veth peer name spare2; ip addr add 10.8.0.2/24 dev spare; ip link set spare up")

    unplug(place.netns, "wire1b", [IPv4Address("10.8.0.1")])

    assert "default via 10.8.0.1 dev spare" in place.sh("ip route")
    assert "10.9." not in place.sh("ip addr; ip route")
    unplug(place.netns, "wire1b", [])
    unplug(place.netns, "gone", [])
    set_gateways(place.netns, [IPv4Address("10.8.0.9")])
    assert place.sh("ip route").count("default") == 1


@pytest.mark.root
def test_a_gateway_out_of_reach_is_an_error(lab: Lab) -> None:
    place = lab.neighbour("inside", 1)
    with pytest.raises(OSError, match="unreachable"):
        set_gateways(place.netns, [IPv4Address("203.0.113.1")])
