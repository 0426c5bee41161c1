"""Reading from a registry."""

import asyncio
import itertools
import json
from pathlib import Path

import pytest
from support.http_server import Answer, Request, http_server
from support.images import Node, TestImage, digest_of, oci_image

from pier.domain.errors import InvalidArgument, NotFound, PermissionDenied, PierError, Unauthenticated, Unsupported
from pier.domain.image import MEDIA_TYPE_OCI_MANIFEST, Descriptor
from pier.domain.registry import RegistryAuth
from pier.registry import client as client_module
from pier.registry.client import Registry

DOCUMENT = oci_image(TestImage([{"a": Node(b"1")}])).manifest
DIGEST = digest_of(DOCUMENT)
BLOB = bytes(range(256)) * 10_000
BLOB_DESCRIPTOR = Descriptor(media_type="", digest=digest_of(BLOB), size=len(BLOB))


def _manifest(document: bytes = DOCUMENT, digest: str = DIGEST) -> Answer:
    return Answer(200, {"Content-Type": MEDIA_TYPE_OCI_MANIFEST, "Docker-Content-Digest": digest}, document)


async def _blob(registry: Registry, host: str, offset: int = 0) -> bytes:
    session = registry.session(RegistryAuth())
    return b"".join([chunk async for chunk in session.blob(f"{host}/a/b", BLOB_DESCRIPTOR, offset=offset)])


async def test_manifest_by_tag(registry: Registry) -> None:
    async with http_server(lambda _: _manifest()) as server:
        descriptor, document = await registry.session(RegistryAuth()).resolve(f"{server.host}/a/b", "1")
        assert (descriptor.digest, descriptor.media_type, document) == (DIGEST, MEDIA_TYPE_OCI_MANIFEST, DOCUMENT)
        assert server.paths() == ["/v2/a/b/manifests/1"]
        assert "application/vnd.docker.distribution.manifest.list.v2+json" in server.requests[0].headers["accept"]


async def test_head_tells_digest_and_size(registry: Registry) -> None:
    async with http_server(lambda _: _manifest()) as server:
        descriptor = await registry.session(RegistryAuth()).head(f"{server.host}/a/b", "1")
        assert descriptor is not None
        assert (descriptor.digest, descriptor.size) == (DIGEST, len(DOCUMENT))


@pytest.mark.parametrize("answer", [Answer(404), Answer(200), _manifest(digest="md5:1")])
async def test_head_that_tells_nothing(registry: Registry, answer: Answer) -> None:
    async with http_server(lambda _: answer) as server:
        assert await registry.session(RegistryAuth()).head(f"{server.host}/a/b", "1") is None


@pytest.mark.parametrize(
    ("answer", "reference", "kind", "message"),
    [
        (_manifest(digest="sha256:" + "0" * 64), "1", InvalidArgument, "whose digest is"),
        (_manifest(), "sha256:" + "0" * 64, InvalidArgument, "whose digest is"),
        (Answer(200, body=b" " * (5 << 20)), "1", InvalidArgument, "larger than"),
        (Answer(200, body=b"no json"), "1", InvalidArgument, "damaged"),
        (Answer(200, body=b"[" * 100_000), "1", InvalidArgument, "damaged"),
        (Answer(403, body=b"[" * 100_000), "1", PierError, "cannot|denied|403"),
        (Answer(200, body=b'{"schemaVersion": 1}'), "1", Unsupported, "schema 1"),
        (Answer(200, {"Content-Type": "text/html"}, b"{}"), "1", Unsupported, "no container image"),
        (Answer(404), "1", NotFound, "manifest unknown"),
        (Answer(401), "1", NotFound, "pull access denied"),
    ],
)
async def test_bad_manifest(
    registry: Registry, answer: Answer, reference: str, kind: type[PierError], message: str
) -> None:
    async with http_server(lambda _: answer) as server:
        with pytest.raises(kind, match=message):
            await registry.session(RegistryAuth()).resolve(f"{server.host}/a/b", reference)


async def test_blob_whole_and_from_an_offset(registry: Registry) -> None:
    async with http_server(lambda _: Answer(200, body=BLOB)) as server:  # which does not know ranges
        assert await _blob(registry, server.host) == BLOB
        assert await _blob(registry, server.host, 1_000_000) == BLOB[1_000_000:]


async def test_broken_connection_is_taken_up_where_it_broke(registry: Registry) -> None:
    asked: list[str] = []

    def serve(request: Request) -> Answer:
        asked.append(request.headers.get("range", ""))
        start = int(asked[-1].removeprefix("bytes=").removesuffix("-") or 0)
        return Answer(206 if start else 200, body=BLOB[start : start + 1_000_000], length=len(BLOB) - start)

    async with http_server(serve) as server:
        assert await _blob(registry, server.host) == BLOB
    assert asked[0] == ""
    assert all(header.startswith("bytes=") for header in asked[1:])


async def test_connection_that_always_breaks_is_given_up(registry: Registry) -> None:
    async with http_server(lambda _: Answer(200, body=b"", length=100)) as server:
        with pytest.raises(PierError, match="cannot talk to"):
            await _blob(registry, server.host)
        assert len(server.requests) == 5


async def test_number_of_attempts_is_the_configured_one() -> None:
    registry = Registry(attempts=2)
    async with http_server(lambda _: Answer(200, body=b"", length=100)) as server:
        with pytest.raises(PierError, match="cannot talk to"):
            await _blob(registry, server.host)
        assert len(server.requests) == 2
    await registry.close()


async def test_tags_of_all_pages(registry: Registry) -> None:
    def serve(request: Request) -> Answer:
        tags = ["c"] if "last=b" in request.path else ["a", "b"] if "last" not in request.path else []
        return Answer(200, body=json.dumps({"name": "a/b", "tags": tags}).encode())

    async with http_server(serve) as server:
        assert await registry.session(RegistryAuth()).tags(f"{server.host}/a/b") == ["a", "b", "c"]


async def test_tags_of_a_registry_that_knows_no_pages(registry: Registry) -> None:
    async with http_server(lambda _: Answer(200, body=b'{"tags": ["a", "b"]}')) as server:
        assert await registry.session(RegistryAuth()).tags(f"{server.host}/a/b") == ["a", "b"]


async def test_tags_without_end_are_given_up(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_MAX_TAGS", 10)
    numbers = itertools.count()

    def serve(_: Request) -> Answer:
        return Answer(200, body=json.dumps({"tags": [str(next(numbers)), str(next(numbers)), "x" * 1000]}).encode())

    async with http_server(serve) as server:
        with pytest.raises(InvalidArgument, match="more than 10 tags"):
            await registry.session(RegistryAuth()).tags(f"{server.host}/a/b")
        assert len(server.requests) == 6


async def test_one_token_serves_many_requests(registry: Registry) -> None:
    tokens = []

    def serve(request: Request) -> Answer:
        if request.path.startswith("/token"):
            tokens.append(request)
            return Answer(200, body=b'{"token": "t"}')
        if request.headers.get("authorization") != "Bearer t":
            realm = f'Bearer realm="http://{request.headers["host"]}/token",service="s"'
            return Answer(401, {"WWW-Authenticate": realm})
        return Answer(200, body=BLOB)

    async with http_server(serve) as server:
        session = registry.session(RegistryAuth())

        async def blob() -> bytes:
            return b"".join([chunk async for chunk in session.blob(f"{server.host}/a/b", BLOB_DESCRIPTOR)])

        assert await asyncio.gather(*(blob() for _ in range(3))) == [BLOB] * 3
        assert len(tokens) == 1


async def test_refused_credentials(registry: Registry) -> None:
    body = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
    async with http_server(lambda _: Answer(401, {"WWW-Authenticate": 'Basic realm="x"'}, body)) as server:
        with pytest.raises(Unauthenticated, match="authentication required"):
            await registry.session(RegistryAuth(username="me", password="x")).resolve(f"{server.host}/a/b", "1")
        with pytest.raises(PierError, match="no basic auth credentials"):
            await registry.session(RegistryAuth()).resolve(f"{server.host}/a/b", "1")


async def test_mirror_answers_for_the_hub_and_its_failure_is_passed_over() -> None:
    async with http_server(lambda _: _manifest()) as good, http_server(lambda _: Answer(404)) as bad:
        registry = Registry(mirrors=[f"http://{bad.host}", f"http://{good.host}/hub"])
        try:
            descriptor, _ = await registry.session(RegistryAuth()).resolve("docker.io/library/x", "1")
        finally:
            await registry.close()
        assert descriptor.digest == DIGEST
        assert good.paths() == ["/hub/v2/library/x/manifests/1"]
        assert bad.paths() == ["/v2/library/x/manifests/1"]


async def test_plain_http_is_remembered(registry: Registry) -> None:
    async with http_server(lambda _: _manifest()) as server:
        session = registry.session(RegistryAuth())
        await session.resolve(f"{server.host}/a/b", "1")
        assert registry._schemes == {server.host: "http"}
        await session.resolve(f"{server.host}/a/b", "2")
        assert server.paths() == ["/v2/a/b/manifests/1", "/v2/a/b/manifests/2"]


async def test_mirrors_read_again_are_asked_by_sessions_from_then_on() -> None:
    registry = Registry(mirrors=["http://127.0.0.1:1"])
    registry.reconfigure(mirrors=["http://127.0.0.1:2"], insecure=[])
    assert [endpoint.host for endpoint in registry._hosts.find("docker.io")][:1] == ["127.0.0.1:2"]
    await registry.close()


async def test_download(registry: Registry) -> None:
    async with http_server(lambda request: Answer(200, body=BLOB) if request.path == "/x" else Answer(404)) as server:
        for url in (f"http://{server.host}/x", f"{server.host}/x"):
            assert b"".join([chunk async for chunk in registry.download(url)]) == BLOB
        with pytest.raises(NotFound, match=f"failed to GET http://{server.host}/y with status 404"):
            await anext(registry.download(f"http://{server.host}/y"))
    with pytest.raises(InvalidArgument, match="only http"):
        await anext(registry.download("file:///etc/passwd"))
    with pytest.raises(PierError, match="names no host") as raised:
        await anext(registry.download("/data/file.tar"))
    assert type(raised.value) is PierError


@pytest.mark.parametrize(
    ("status", "error"), [(400, InvalidArgument), (401, Unauthenticated), (403, PermissionDenied), (418, PierError)]
)
async def test_an_address_that_refuses(registry: Registry, status: int, error: type[PierError]) -> None:
    async with http_server(lambda _: Answer(status)) as server:
        with pytest.raises(PierError, match=f"with status {status}") as raised:
            await anext(registry.download(server.host))
    assert type(raised.value) is error


async def test_hosts_are_asked_for_what_they_can(tmp_path: Path) -> None:
    """One knows blobs but not what a tag means now; the other is the origin."""
    async with http_server(lambda _: Answer(200, body=BLOB)) as cache, http_server(lambda _: _manifest()) as origin:
        (tmp_path / "r.example").mkdir()
        (tmp_path / "r.example/hosts.toml").write_text(
            f'server = "http://{origin.host}"\n[host."http://{cache.host}"]\ncapabilities = ["pull"]\n'
        )
        registry = Registry(directory=tmp_path)
        session = registry.session(RegistryAuth())
        descriptor, _ = await session.resolve("r.example/a/b", "1")
        assert descriptor.digest == DIGEST
        assert cache.requests == []
        assert b"".join([chunk async for chunk in session.blob("r.example/a/b", BLOB_DESCRIPTOR)]) == BLOB
        assert cache.paths() == [f"/v2/a/b/blobs/{BLOB_DESCRIPTOR.digest}?ns=r.example"]
        await registry.close()
