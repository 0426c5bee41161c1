import json
from typing import Any

import pytest

from pier.api.translate.networks import describe_network, load_network
from pier.domain.errors import Unsupported
from pier.domain.network import IpamPool, Network
from pier.engine.networks import CreateNetwork
from pier.wire.network import NetworkCreate
from pier.wire.shape import compact, decode


def load(**keys: Any) -> CreateNetwork:
    return load_network(decode(json.dumps({"Name": "n", **keys}), NetworkCreate), 51)


def test_nulls_are_defaults() -> None:
    nulls = dict.fromkeys(("Driver", "IPAM", "Options", "Labels", "EnableIPv4", "EnableIPv6", "ConfigFrom", "Scope"))
    assert load(**nulls) == load() == CreateNetwork(name="n")


@pytest.mark.parametrize("keys", [{"Ingress": True}, {"Scope": "swarm"}])
def test_swarm_networks_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        load(**keys)


def test_a_network_has_dockers_keys() -> None:
    pool = IpamPool(subnet="10.0.0.0/8", gateway="10.0.0.1", ip_range="10.1.0.0/16", aux_addresses={"a": "10.0.0.9"})
    network = Network(id="i", name="n", driver="bridge", pools=(pool,), created_at=1)
    assert json.loads(compact(describe_network(network))) == {
        "Name": "n",
        "Id": "i",
        "Created": "1970-01-01T00:00:00.000000001Z",
        "Scope": "local",
        "Driver": "bridge",
        "EnableIPv4": True,
        "EnableIPv6": False,
        "IPAM": {
            "Driver": "default",
            "Options": None,
            "Config": [
                {
                    "Subnet": "10.0.0.0/8",
                    "IPRange": "10.1.0.0/16",
                    "Gateway": "10.0.0.1",
                    "AuxiliaryAddresses": {"a": "10.0.0.9"},
                }
            ],
        },
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {},
        "Options": {},
        "Labels": {},
    }


def test_the_users_pools_of_ipv4_come_first() -> None:
    subnets = ("fd00::/64", "10.0.0.0/8", "10.9.0.0/16")
    pools = load(IPAM={"Config": [{"Subnet": subnet} for subnet in subnets]}).pools
    assert [pool.subnet for pool in pools] == ["10.0.0.0/8", "10.9.0.0/16", "fd00::/64"]


def test_pools_of_the_engines_own_choice_come_after_the_users() -> None:
    pools = (IpamPool(subnet="fd00::/64"), IpamPool(subnet="10.0.0.0/8"))
    shown = json.loads(compact(describe_network(Network(id="i", name="n", driver="bridge", pools=pools, created_at=1))))
    assert [pool["Subnet"] for pool in shown["IPAM"]["Config"]] == ["fd00::/64", "10.0.0.0/8"]
