"""The content of volumes over HTTP."""

from fakes.engine import FakeEngine
from fakes.raw_client import RawClient


async def test_export_is_a_tar(client: RawClient) -> None:
    response = await client.request("GET", "/volumes/data/export")
    assert (response.status, response.body) == (200, b"tarball")
    assert (await client.request("GET", "/volumes/nope/export")).status == 404


async def test_import_takes_the_body(client: RawClient, engine: FakeEngine) -> None:
    response = await client.request("PUT", "/volumes/x/import", b"tar", {"Content-Type": "application/x-tar"})
    assert (response.status, response.json()["Name"]) == (201, "x")
    assert engine.volume_copies.imported == {"x": b"tar"}


async def test_clone_and_snapshot(client: RawClient, engine: FakeEngine) -> None:
    assert (await client.request("POST", "/volumes/data/clone", {"Name": "copy"})).json()["Name"] == "copy"
    assert (await client.request("POST", "/volumes/data/clone", {"Snapshot": True})).status == 201
    assert engine.volume_copies.cloned == [("data", "copy", False), ("data", "", True)]
