"""Writing to a registry."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pytest
from support.http_server import Answer, HttpServer, Request, http_server
from support.images import digest_of

from pier.domain.errors import InvalidArgument, PermissionDenied, PierError
from pier.domain.image import MEDIA_TYPE_OCI_MANIFEST, Descriptor
from pier.domain.registry import BlobPush, RegistryAuth
from pier.registry.client import Registry

BLOB = bytes(range(256)) * 10_000
DESCRIPTOR = Descriptor(media_type="", digest=digest_of(BLOB), size=len(BLOB))
MANIFEST = Descriptor(media_type=MEDIA_TYPE_OCI_MANIFEST, digest=digest_of(b"{}"), size=2)


class Stored:
    """A blob that is known before it is read."""

    candidate: Descriptor | None = DESCRIPTOR
    size: int | None = len(BLOB)
    digest = DESCRIPTOR.digest

    async def read(self, offset: int) -> AsyncIterator[bytes]:
        for start in range(offset, len(BLOB), 100_000):
            yield BLOB[start : start + 100_000]


class Made(Stored):
    """One that only reading tells about."""

    def __init__(self, candidate: Descriptor | None = None) -> None:
        self.candidate, self.size, self.digest = candidate, None, ""

    async def read(self, offset: int) -> AsyncIterator[bytes]:
        self.size, self.digest = None, ""
        async for chunk in super().read(offset):
            yield chunk
        self.size, self.digest = len(BLOB), DESCRIPTOR.digest


@dataclass
class Uploads:
    """A registry that takes one upload. `keeps`: of the first PATCH it keeps only so many bytes, and then fails."""

    has: bool = False
    mounts: tuple[str, ...] = ()
    keeps: int | None = None
    forgets: bool = False
    data: bytearray = field(default_factory=bytearray)
    finished: str = ""

    def __call__(self, request: Request) -> Answer:
        query = parse_qs(urlsplit(request.path).query)
        if request.method == "HEAD":
            return Answer(200 if self.has else 404)
        if request.method == "POST":
            self.data.clear()
            mounted = query.get("from", [""])[0] in self.mounts
            return Answer(201) if mounted else Answer(202, {"Location": "/v2/a/b/blobs/uploads/1?state=x"})
        if request.method == "PATCH":
            return self._patch(request)
        if request.method == "GET":
            if self.forgets:
                return Answer(404, body=b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
            return Answer(204, {"Range": f"0-{max(len(self.data) - 1, 0)}"})
        self.finished = query["digest"][0]
        return Answer(201)

    def _patch(self, request: Request) -> Answer:
        start = int(request.headers.get("content-range", "0-").partition("-")[0])
        assert start == len(self.data)
        self.data += request.body if self.keeps is None else request.body[: self.keeps]
        if self.keeps is not None:
            self.keeps = None
            return Answer(503)
        return Answer(202, {"Location": "/v2/a/b/blobs/uploads/1?state=y"})


async def _push(registry: Registry, server: HttpServer, *sources: str, blob: Stored | None = None) -> BlobPush:
    session = registry.session(RegistryAuth())
    return await session.push_blob(f"{server.host}/a/b", blob or Stored(), sources=sources)


def _answer(*, existed: bool = False, mounted_from: str = "") -> BlobPush:
    return BlobPush(digest=DESCRIPTOR.digest, size=len(BLOB), existed=existed, mounted_from=mounted_from)


async def test_blob_is_sent_in_one_piece_and_named(registry: Registry) -> None:
    uploads = Uploads()
    async with http_server(uploads) as server:
        assert await _push(registry, server) == _answer()
        [patch] = [request for request in server.requests if request.method == "PATCH"]
        [put] = [request for request in server.requests if request.method == "PUT"]
    assert (bytes(uploads.data), uploads.finished) == (BLOB, DESCRIPTOR.digest)
    assert patch.headers["content-length"] == str(len(BLOB))
    assert put.path.startswith("/v2/a/b/blobs/uploads/1?state=y&digest=")


async def test_blob_that_is_there_is_not_sent(registry: Registry) -> None:
    async with http_server(Uploads(has=True)) as server:
        assert await _push(registry, server) == _answer(existed=True)
        assert [request.method for request in server.requests] == ["HEAD"]


async def test_blob_is_mounted_from_the_first_source_that_has_it(registry: Registry) -> None:
    async with http_server(Uploads(mounts=("d",))) as server:
        assert await _push(registry, server, "c", "d") == _answer(mounted_from="d")
        assert server.paths("PATCH") == []


async def test_refused_mount_becomes_an_upload(registry: Registry) -> None:
    uploads = Uploads()
    async with http_server(uploads) as server:
        assert await _push(registry, server, "c") == _answer()
        assert len(server.paths("POST")) == 1
    assert uploads.data == BLOB


async def test_broken_upload_goes_on_where_the_registry_got_to(registry: Registry) -> None:
    uploads = Uploads(keeps=1_000_000)
    async with http_server(uploads) as server:
        await _push(registry, server)
        [_, again] = [request for request in server.requests if request.method == "PATCH"]
    assert again.headers["content-range"] == f"1000000-{len(BLOB) - 1}"
    assert uploads.data == BLOB


async def test_blob_of_unknown_size_is_sent_in_chunks_and_named_at_the_end(registry: Registry) -> None:
    uploads = Uploads(has=True)
    async with http_server(uploads) as server:
        assert await _push(registry, server, "c", blob=Made()) == _answer()
        assert server.paths("HEAD") == []  # nobody knows what to ask for
        assert server.paths("POST") == ["/v2/a/b/blobs/uploads/"]
        [patch] = [request for request in server.requests if request.method == "PATCH"]
    assert patch.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in patch.headers
    assert (bytes(uploads.data), uploads.finished) == (BLOB, DESCRIPTOR.digest)


async def test_blob_that_was_made_before_is_asked_for_first(registry: Registry) -> None:
    old = replace(DESCRIPTOR, digest=digest_of(b"old"), size=3)
    async with http_server(Uploads(has=True)) as server:
        assert await _push(registry, server, blob=Made(old)) == BlobPush(digest=old.digest, size=3, existed=True)
    uploads = Uploads()
    async with http_server(uploads) as server:
        assert await _push(registry, server, "c", blob=Made(old)) == _answer()  # what it came to now
        assert f"mount={old.digest}&from=c" in server.paths("POST")[0]
    assert uploads.finished == DESCRIPTOR.digest


async def test_broken_upload_of_unknown_size_goes_on_where_the_registry_got_to(registry: Registry) -> None:
    uploads = Uploads(keeps=1_000_000)
    async with http_server(uploads) as server:
        assert await _push(registry, server, blob=Made()) == _answer()
    assert (bytes(uploads.data), uploads.finished) == (BLOB, DESCRIPTOR.digest)


async def test_upload_that_the_registry_forgot_begins_anew(registry: Registry) -> None:
    uploads = Uploads(keeps=1_000_000, forgets=True)
    async with http_server(uploads) as server:
        await _push(registry, server)
        assert len(server.paths("POST")) == 2
    assert uploads.data == BLOB


async def test_upload_that_never_gets_on_is_given_up(registry: Registry) -> None:
    def full(request: Request) -> Answer:
        answers = {"HEAD": 404, "PATCH": 507, "GET": 204}
        return Answer(answers.get(request.method, 202), {"Location": "/up"})

    async with http_server(full) as server:
        with pytest.raises(PierError, match="failed on"):
            await _push(registry, server)
        assert len(server.paths("PATCH")) == 5


async def test_refused_push(registry: Registry) -> None:
    body = b'{"errors":[{"code":"DENIED","message":"read only"}]}'

    def deny(request: Request) -> Answer:
        return Answer(404) if request.method == "HEAD" else Answer(403, body=body)

    async with http_server(deny) as server:
        with pytest.raises(PermissionDenied, match=r"push access denied to .*: denied: read only"):
            await _push(registry, server)


async def test_storage_service_gets_no_credentials(registry: Registry) -> None:
    async with http_server(lambda _: Answer(202)) as storage:

        def serve(request: Request) -> Answer:
            if "authorization" not in request.headers:
                return Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
            answers = {"HEAD": Answer(404), "POST": Answer(202, {"Location": f"http://{storage.host}/up"})}
            return answers[request.method]

        async with http_server(serve) as server:
            session = registry.session(RegistryAuth(username="me", password="secret"))
            with pytest.raises(PierError):  # its PUT is answered 202: not what was asked for
                await session.push_blob(f"{server.host}/a/b", Stored())
        assert storage.requests
        assert not any("authorization" in request.headers for request in storage.requests)


async def test_manifest_is_put_with_its_type(registry: Registry) -> None:
    async with http_server(lambda _: Answer(201, {"Docker-Content-Digest": MANIFEST.digest})) as server:
        await registry.session(RegistryAuth()).push_manifest(f"{server.host}/a/b", "1", MANIFEST, b"{}")
        [request] = server.requests
    assert (request.method, request.path, request.body) == ("PUT", "/v2/a/b/manifests/1", b"{}")
    assert request.headers["content-type"] == MEDIA_TYPE_OCI_MANIFEST


async def test_manifest_that_was_stored_otherwise(registry: Registry) -> None:
    async with http_server(lambda _: Answer(201, {"Docker-Content-Digest": "sha256:" + "0" * 64})) as server:
        with pytest.raises(InvalidArgument, match="instead of the manifest"):
            await registry.session(RegistryAuth()).push_manifest(f"{server.host}/a/b", "1", MANIFEST, b"{}")
