"""Searches."""

import json

import pytest
from support.http_server import Answer, http_server

from pier.domain.errors import NotFound, PierError
from pier.domain.registry import RegistryAuth, SearchResult
from pier.registry.client import Registry

FOUND = {
    "results": [
        {"name": "a/x", "description": None, "star_count": 7, "is_official": True, "is_automated": False},
        {"name": "b/x"},
        {"name": "c/x"},
    ]
}


async def test_search(registry: Registry) -> None:
    async with http_server(lambda _: Answer(200, body=json.dumps(FOUND).encode())) as server:
        found = await registry.session(RegistryAuth()).search(server.host, "x y", 2)
        assert found == [SearchResult(name="a/x", stars=7, official=True), SearchResult(name="b/x")]
        assert server.paths() == ["/v1/search?q=x+y&n=2"]


async def test_registry_without_search(registry: Registry) -> None:
    async with http_server(lambda _: Answer(404)) as server:
        with pytest.raises(NotFound, match="has no search"):
            await registry.session(RegistryAuth()).search(server.host, "x", 25)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"results": [1]}', b'{"results": [{}]}'])
async def test_answer_that_is_no_list(registry: Registry, body: bytes) -> None:
    async with http_server(lambda _: Answer(200, body=body)) as server:
        with pytest.raises(PierError, match="no list of repositories"):
            await registry.session(RegistryAuth()).search(server.host, "x", 25)
