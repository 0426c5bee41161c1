import pytest
from fakes.raw_client import RawClient

DATA = {
    "CreatedAt": "2023-11-14T22:13:20Z",
    "Driver": "local",
    "Labels": None,
    "Mountpoint": "/v/data/_data",
    "Name": "data",
    "Options": None,
    "Scope": "local",
}


async def test_the_list_is_wrapped(client: RawClient) -> None:
    assert (await client.request("GET", "/volumes")).json() == {"Volumes": [DATA], "Warnings": None}
    assert (await client.request("GET", "/volumes/data")).json() == DATA


async def test_create(client: RawClient) -> None:
    response = await client.request("POST", "/volumes/create", {"Name": "x", "Labels": {"a": "b"}})
    assert (response.status, response.json()["Labels"]) == (201, {"a": "b"})


async def test_create_needs_no_body(client: RawClient) -> None:
    assert (await client.request("POST", "/volumes/create")).status == 201


async def test_volumes_of_a_cluster_need_a_swarm(client: RawClient) -> None:
    refused = await client.request("POST", "/volumes/create", {"Name": "x", "ClusterVolumeSpec": {}})
    assert refused.status == 503
    assert "not a swarm manager" in refused.json()["message"]


async def test_remove_and_prune(client: RawClient) -> None:
    assert (await client.request("DELETE", "/volumes/data?force=1")).status == 204
    gone = await client.request("GET", "/volumes/nope")
    assert (gone.status, gone.json()["message"]) == (404, "get nope: no such volume")
    prune = await client.request("POST", "/volumes/prune")
    assert prune.json() == {"VolumesDeleted": [], "SpaceReclaimed": 0}


@pytest.mark.parametrize(("version", "names"), [("1.41", ["data"]), ("1.42", [])])
async def test_prune_of_former_versions_takes_named_volumes_too(
    client: RawClient, version: str, names: list[str]
) -> None:
    assert (await client.request("POST", f"/v{version}/volumes/prune")).json()["VolumesDeleted"] == names
