from fakes.containers import NETWORK, WEB
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient


async def test_list_and_inspect_differ_in_containers(client: RawClient) -> None:
    (listed,) = (await client.request("GET", "/networks")).json()
    assert listed["Containers"] == {}
    assert listed["IPAM"] == {
        "Driver": "default",
        "Options": None,
        "Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}],
    }
    inspected = (await client.request("GET", "/networks/bridge")).json()
    assert inspected["Containers"][WEB] == {
        "Name": "web",
        "EndpointID": "",
        "MacAddress": "",
        "IPv4Address": "172.17.0.2/16",
        "IPv6Address": "",
    }
    assert (await client.request("GET", "/networks/")).json() == [listed]


async def test_inspect_by_scope(client: RawClient) -> None:
    assert (await client.request("GET", "/networks/bridge?scope=local&verbose=true")).status == 200
    other = await client.request("GET", "/networks/bridge?scope=swarm")
    assert (other.status, other.json()["message"]) == (404, "network bridge not found")
    unclear = await client.request("GET", "/networks/bridge?verbose=yes")
    reason = 'invalid value for verbose: yes: strconv.ParseBool: parsing "yes": invalid syntax'
    assert (unclear.status, unclear.json()["message"]) == (400, reason)


async def test_a_pool_needs_a_subnet(client: RawClient) -> None:
    for pool in (None, {}, {"Gateway": "10.1.0.1"}):
        refused = await client.request("POST", "/networks/create", {"Name": "n", "IPAM": {"Config": [pool]}})
        reason = "invalid network config:\ninvalid subnet : invalid CIDR block notation"
        assert (refused.status, refused.json()["message"]) == (400, reason)


async def test_create(client: RawClient, engine: FakeEngine) -> None:
    body = {
        "Name": "n",
        "CheckDuplicate": True,
        "EnableIPv4": None,
        "IPAM": {"Config": [{"Subnet": "10.1.0.0/16", "IPRange": "10.1.1.0/24"}]},
        "Labels": {"a": "b"},
    }
    response = await client.request("POST", "/networks/create", body)
    assert (response.status, response.json()) == (201, {"Id": NETWORK, "Warning": ""})
    request = engine.networks.created[0]
    assert (request.name, request.driver, request.enable_ipv4) == ("n", "bridge", None)
    assert (request.pools[0].subnet, request.pools[0].ip_range) == ("10.1.0.0/16", "10.1.1.0/24")


async def test_networks_of_a_swarm_are_501(client: RawClient) -> None:
    assert (await client.request("POST", "/networks/create", {"Name": "n", "Ingress": True})).status == 501


async def test_ipv4_can_be_switched_off_from_1_48_on(client: RawClient, engine: FakeEngine) -> None:
    body = {"Name": "n", "EnableIPv4": False}
    await client.request("POST", "/v1.47/networks/create", body)
    await client.request("POST", "/v1.48/networks/create", body)
    assert [request.enable_ipv4 for request in engine.networks.created] == [None, False]


async def test_remove_connect_prune(client: RawClient) -> None:
    assert (await client.request("DELETE", "/networks/bridge")).status == 204
    gone = await client.request("GET", "/networks/nope")
    assert (gone.status, gone.json()["message"]) == (404, "network nope not found")
    assert (await client.request("POST", "/networks/bridge/connect", {"Container": "web"})).status == 200
    assert (await client.request("POST", "/networks/bridge/disconnect", {"Container": "web"})).status == 200
    for verb in ("connect", "disconnect"):
        nobody = await client.request("POST", f"/networks/bridge/{verb}", {})
        assert (nobody.status, nobody.json()["message"]) == (400, 'invalid name or ID supplied: ""')
    assert (await client.request("POST", "/networks/prune")).json() == {"NetworksDeleted": None}
