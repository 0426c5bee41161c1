import base64
import json

import pytest
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient
from support.images import Node, TestImage, digest_of, oci_image

from pier.domain.registry import RegistryAuth, SearchResult

JSON = {"Content-Type": "application/json"}


async def test_login(client: RawClient, engine: FakeEngine) -> None:
    body = {"username": "me", "password": "pw", "serveraddress": "h:5000"}
    response = await client.request("POST", "/auth", json.dumps(body).encode(), JSON)
    assert (response.status, response.json()) == (200, {"IdentityToken": "", "Status": "Login Succeeded"})
    assert (
        await client.request("POST", "/auth", json.dumps(body).encode(), {"Content-Type": "text/plain"})
    ).status == 200
    assert (await client.request("POST", "/auth", b"")).status == 400
    assert engine.registry.auths == 2 * [RegistryAuth(username="me", password="pw", server_address="h:5000")]


async def test_refused_login(client: RawClient) -> None:
    body = {"username": "me", "password": "wrong", "serveraddress": "h:5000"}
    response = await client.request("POST", "/auth", json.dumps(body).encode(), JSON)
    assert (response.status, response.json()["message"]) == (
        401,
        "login attempt to https://h:5000/v2/ failed with status: 401 Unauthorized",
    )


async def test_distribution_inspect_with_credentials(client: RawClient, engine: FakeEngine) -> None:
    image = oci_image(TestImage([{"a": Node(b"1")}]))
    engine.registry.push("h:5/a/b", "1", image)
    auth = base64.urlsafe_b64encode(b'{"username":"me"}').decode()
    response = await client.request("GET", "/distribution/h:5/a/b:1/json", headers={"X-Registry-Auth": auth})
    assert response.json()["Descriptor"]["digest"] == digest_of(image.manifest)
    assert engine.registry.auths[0].username == "me"
    assert (await client.request("GET", "/distribution/h:5/a/b:2/json")).status == 404
    assert (await client.request("GET", "/distribution/UPPER/json")).status == 400


async def test_search(client: RawClient, engine: FakeEngine) -> None:
    engine.registry.found = [SearchResult(name="x", stars=3), SearchResult(name="y")]
    response = await client.request("GET", '/images/search?term=x&limit=5&filters={"stars":["1"]}')
    assert [item["name"] for item in response.json()] == ["x"]
    assert engine.registry.searches == [("docker.io", "x", 5)]


@pytest.mark.parametrize("query", ["term=", "term=x&limit=101", 'term=x&filters={"colour":["red"]}'])
async def test_searches_that_make_no_sense(client: RawClient, query: str) -> None:
    assert (await client.request("GET", f"/images/search?{query}")).status == 400


async def test_a_limit_of_a_search_is_a_number(client: RawClient) -> None:
    response = await client.request("GET", "/images/search?term=x&limit=y")
    reason = 'invalid limit specified: strconv.Atoi: parsing "y": invalid syntax'
    assert (response.status, response.json()["message"]) == (400, reason)
