from typing import Any

import pytest
from support.netlab import Lab

from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.network import Network
from pier.network.uplinks import Uplink, Uplinks, parse_uplink, parse_vlan


def network(driver: str, **options: str) -> Network:
    return Network(id="0123456789abcdef" * 4, name="web", driver=driver, options=options)


def test_modes_and_parents() -> None:
    assert parse_uplink(network("macvlan", parent="eth0")) == Uplink(kind="macvlan", parent="eth0", mode=4)
    private = parse_uplink(network("macvlan", parent="eth0", macvlan_mode="private"))
    assert private.mode == 1
    routed = parse_uplink(network("ipvlan", parent="eth0", ipvlan_mode="l3", ipvlan_flag="vepa"))
    assert (routed.mode, routed.flag, routed.is_routed) == (1, 2, True)
    assert not parse_uplink(network("ipvlan", parent="eth0")).is_routed
    assert parse_uplink(network("macvlan", parent="eth0", **{"com.docker.network.enable_ipv6": "true"})).mode == 4
    own = parse_uplink(network("macvlan"))
    assert (own.parent, own.is_own) == ("dm-0123456789ab", True)


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        (network("macvlan", macvlan_mode="foo"), InvalidArgument, "requested macvlan mode 'foo' is not valid"),
        (network("ipvlan", ipvlan_mode="foo"), InvalidArgument, "'l2' mode is the ipvlan driver default"),
        (network("ipvlan", ipvlan_flag="foo"), InvalidArgument, "requested ipvlan flag 'foo'"),
        (network("macvlan", ipvlan_mode="l2"), Unsupported, "macvlan driver has no option ipvlan_mode"),
    ],
)
def test_what_cannot_be(wrong: Network, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        parse_uplink(wrong)


@pytest.mark.parametrize(
    ("name", "vlan"),
    [("eth0.10", ("eth0", 10)), ("a.b.4094", ("a.b", 4094)), ("eth0", None), ("eth0.0", None), ("eth0.4095", None)],
)
def test_names_of_vlans(name: str, vlan: tuple[str, int] | None) -> None:
    assert parse_vlan(name) == vlan


@pytest.mark.root
def test_a_parent_that_is_not_there_or_a_kernel_without_the_driver_is_named(lab: Lab) -> None:
    def ensure() -> Any:
        return Uplinks("x").ensure(parse_uplink(network("macvlan", parent="nosuch0")))

    with pytest.raises((InvalidArgument, Unsupported), match=r"nosuch0|CONFIG_MACVLAN"):
        lab.do(ensure)
    lab.do(lambda: Uplinks("x").remove("nosuch0"))
    lab.do(lambda: Uplinks("x").remove_others(()))
