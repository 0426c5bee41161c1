"""What is asked of registries."""

import pytest
from fakes.registry import FakeRegistry
from support.images import Node, TestImage, host_architecture, oci_image, oci_index

from pier.domain.errors import InvalidArgument, Unauthenticated
from pier.domain.filters import Filters
from pier.domain.reference import parse
from pier.domain.registry import RegistryAuth, SearchResult
from pier.engine.registries import Registries, server_domain

AUTH = RegistryAuth()


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("https://ghcr.io", "ghcr.io"),
        ("http://host:5000/v2/", "host:5000"),
    ],
)
def test_which_registry_an_address_means(address: str, domain: str) -> None:
    assert server_domain(address) == domain


async def test_login() -> None:
    registries = Registries(FakeRegistry())
    assert await registries.login(RegistryAuth(username="me", password="x")) == ""
    assert await registries.login(RegistryAuth(username="token", password="x")) == "identity"
    with pytest.raises(Unauthenticated):
        await registries.login(RegistryAuth(username="me", password="wrong"))


async def test_platforms_of_an_index_and_of_a_lone_image() -> None:
    registry = FakeRegistry()
    images = {name: oci_image(TestImage([{"f": Node(b"x")}], architecture=name)) for name in ("s390x", "arm64")}
    registry.push_index("h:5/a", "all", oci_index(images), images)
    registry.push("h:5/a", "one", oci_image(TestImage([{"f": Node(b"x")}])))
    registries = Registries(registry)
    found = await registries.inspect(parse("h:5/a:all"), AUTH)
    assert [platform.architecture for platform in found.platforms] == ["s390x", "arm64"]
    one = await registries.inspect(parse("h:5/a:one"), AUTH)
    assert [platform.architecture for platform in one.platforms] == [host_architecture()]
    by_digest = await registries.inspect(parse(f"h:5/a@{one.descriptor.digest}"), AUTH)
    assert by_digest == one


async def test_search_is_asked_where_the_term_says_and_filtered_here() -> None:
    registry = FakeRegistry(
        found=[SearchResult(name="a", stars=5, official=True), SearchResult(name="b", stars=5, automated=True)]
    )
    registries = Registries(registry)

    async def names(term: str, **filters: str) -> list[str]:
        wanted = Filters({key.replace("_", "-"): (value,) for key, value in filters.items()})
        return [item.name for item in await registries.search(term, limit=None, filters=wanted, auth=AUTH)]

    assert await names("x") == ["a", "b"]
    assert await names("h:5/x/y", is_official="true") == ["a"]
    assert await names("x/y", is_automated="true", stars="5") == ["b"]
    assert await names("x", stars="6") == []
    assert registry.searches[:3] == [("docker.io", "x", 25), ("h:5", "x/y", 25), ("docker.io", "x/y", 25)]
    with pytest.raises(InvalidArgument):
        await names("x", stars="many")
