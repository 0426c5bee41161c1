from fakes.raw_client import RawClient


async def test_all_kinds(client: RawClient) -> None:
    usage = (await client.request("GET", "/system/df")).json()
    assert usage["LayersSize"] == 1234
    assert (usage["Images"][0]["Containers"], usage["Images"][0]["SharedSize"]) == (1, 0)
    assert usage["Volumes"][0]["UsageData"] == {"RefCount": 0, "Size": 4096}
    assert len(usage["Containers"]) == 1
    assert usage["BuildCache"] == []


async def test_only_what_was_asked_for(client: RawClient) -> None:
    usage = (await client.request("GET", "/system/df?type=volume&type=image")).json()
    assert (usage["Containers"], usage["BuildCache"]) == (None, None)
    assert usage["Volumes"]
    bad = await client.request("GET", "/system/df?type=x")
    assert (bad.status, bad.json()["message"]) == (400, "unknown object type: x")


async def test_there_is_no_build_cache_to_prune(client: RawClient) -> None:
    refused = await client.request("POST", '/build/prune?filters={"nope":["x"]}')
    assert refused.json()["message"] == "failed to prune build cache: invalid filter 'nope'"
    assert (await client.request("POST", "/build/prune")).json() == {"CachesDeleted": None, "SpaceReclaimed": 0}
