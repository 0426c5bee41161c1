"""Conversations with registries (OCI distribution-spec): manifests, blobs and tags read, images pushed."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pier.domain.errors import (
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PierError,
    Unauthenticated,
    Unsupported,
)
from pier.domain.image import (
    MEDIA_TYPE_DOCKER_LIST,
    MEDIA_TYPE_DOCKER_MANIFEST,
    MEDIA_TYPE_OCI_INDEX,
    MEDIA_TYPE_OCI_MANIFEST,
    Descriptor,
)
from pier.domain.registry import BlobPush, BlobSource, RegistryAuth, SearchResult
from pier.registry.auth import Authorizer
from pier.registry.conversation import Ask, Conversation, read_body
from pier.registry.endpoints import PULL, PUSH, RESOLVE, Endpoint
from pier.registry.hosts import Hosts
from pier.registry.login import log_in
from pier.registry.searching import search
from pier.registry.transport import Interrupted, Transport
from pier.registry.upload import put_manifest, send_blob

if TYPE_CHECKING:
    import aiohttp

_MANIFEST_TYPES = (
    MEDIA_TYPE_OCI_INDEX,
    MEDIA_TYPE_OCI_MANIFEST,
    MEDIA_TYPE_DOCKER_LIST,
    MEDIA_TYPE_DOCKER_MANIFEST,
)
_ACCEPT = {"Accept": ", ".join(_MANIFEST_TYPES)}
_MAX_MANIFEST = 4 << 20  # bytes; distribution-spec, "Pushing Manifests", lets registries refuse more
_CHUNK = 256 << 10
_BLOB_PAUSE = 1.0  # seconds
_MAX_PAGES = 1000
_MAX_TAGS = 200_000
_LONGEST_TAG = 128  # distribution-spec, "Pulling manifests"
_REFUSALS = {400: InvalidArgument, 401: Unauthenticated, 403: PermissionDenied, 404: NotFound}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Registry:
    """All registries, as configured: mirrors of Docker Hub, and hosts that need no valid certificate."""

    def __init__(
        self,
        *,
        mirrors: Sequence[str] = (),
        insecure: Sequence[str] = (),
        directory: Path | None = None,
        attempts: int = 5,
    ) -> None:
        """`directory` holds settings for each registry, as containerd's `certs.d`; `attempts` are those for a blob, in
        a row without a byte of progress.
        """
        self._attempts = attempts
        self._directory = directory
        self._hosts = Hosts(mirrors=mirrors, insecure=insecure, directory=directory)
        self._transport = Transport()
        self._schemes: dict[str, str] = {}  # what an insecure host was found to speak

    def reconfigure(self, *, mirrors: Sequence[str], insecure: Sequence[str]) -> None:
        """For the sessions that begin from now on."""
        self._hosts = Hosts(mirrors=mirrors, insecure=insecure, directory=self._directory)
        self._schemes = {}

    def session(self, auth: RegistryAuth) -> "Session":
        """A conversation with this user's credentials; nothing of them outlives it."""
        return Session(self._transport, auth, self._hosts, self._schemes, self._attempts)

    async def login(self, domain: str, auth: RegistryAuth) -> str:
        """Asks the registry whether it takes these credentials; a token that replaces the password, or "".

        Raises Unauthenticated, Unavailable, PierError.
        """
        (*_, endpoint) = await asyncio.to_thread(self._hosts.find, domain)
        return await log_in(self._transport, self._schemes, endpoint, domain, auth)

    async def download(self, url: str) -> AsyncIterator[bytes]:
        """What lies at an http or https address that a user named, http where none is said.

        Raises InvalidArgument for another; for an answer without it what that means here, or PierError.
        """
        url = url if "://" in url else f"http://{url}"
        if urlsplit(url).scheme not in ("http", "https"):
            raise InvalidArgument(f"cannot fetch {url}: only http:// and https:// addresses can be fetched")
        if not urlsplit(url).hostname:
            raise PierError(f"cannot fetch {url}: it names no host")
        async with self._transport.open("GET", url) as response:
            if response.status != 200:
                kind = _REFUSALS.get(response.status, PierError)
                raise kind(f"failed to GET {url} with status {response.status} {response.reason}")
            async for chunk in response.content.iter_chunked(_CHUNK):
                yield chunk

    async def close(self) -> None:
        """Closes all connections."""
        await self._transport.close()


class Session:
    """One user's requests. Tokens are kept for each host and repository until the session is dropped."""

    def __init__(
        self, transport: Transport, auth: RegistryAuth, hosts: Hosts, schemes: dict[str, str], attempts: int
    ) -> None:
        self._talk = Conversation(transport, Authorizer(transport, auth), schemes)
        self._hosts = hosts
        self._attempts = attempts
        self._found: dict[str, list[Endpoint]] = {}  # by domain

    async def head(self, repository: str, reference: str) -> Descriptor | None:
        """What a tag or digest names, without fetching it; None where the registry does not say.

        Raises Unauthenticated, Unavailable, PierError.
        """
        try:
            async with self._ask("HEAD", repository, f"manifests/{reference}", reference, _ACCEPT) as response:
                media_type, digest = _media_type(response), response.headers.get("Docker-Content-Digest", "")
                size = response.content_length or 0
        except NotFound:
            return None  # an answer to HEAD has no body; the one to GET says what is unknown
        if not _DIGEST.fullmatch(digest) or media_type not in _MANIFEST_TYPES or not size:
            return None
        return Descriptor(media_type=media_type, digest=digest, size=size)

    async def resolve(self, repository: str, reference: str) -> tuple[Descriptor, bytes]:
        """The manifest or index that a tag or digest names, its digest verified.

        Raises NotFound, Unauthenticated, Unavailable; InvalidArgument for content that is not what it is said to be;
        Unsupported for formats older than 2016.
        """
        async with self._ask("GET", repository, f"manifests/{reference}", reference, _ACCEPT) as response:
            body = await read_body(response, _MAX_MANIFEST + 1)
            media_type, announced = _media_type(response), response.headers.get("Docker-Content-Digest", "")
        if len(body) > _MAX_MANIFEST:
            raise InvalidArgument(f"the manifest of {repository}:{reference} is larger than {_MAX_MANIFEST} bytes")
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        wanted = reference if _DIGEST.fullmatch(reference) else announced
        if _DIGEST.fullmatch(wanted) and wanted != digest:
            raise InvalidArgument(
                f"manifest verification failed for digest {wanted}: the registry sent one of {repository} "
                f"whose digest is {digest}"
            )
        return Descriptor(media_type=_manifest_type(media_type, body, repository), digest=digest, size=len(body)), body

    async def blob(self, repository: str, descriptor: Descriptor, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The blob's bytes from `offset` on; a connection that breaks is taken up again where it broke.

        The caller verifies the digest. Raises NotFound, Unauthenticated, Unavailable, PierError.
        """
        position, failures = offset, 0
        while True:
            try:
                async for chunk in self._blob_from(repository, descriptor, position):
                    position, failures = position + len(chunk), 0
                    yield chunk
            except Interrupted:
                failures += 1
                if failures >= self._attempts:
                    raise
                await asyncio.sleep(_BLOB_PAUSE)
                continue
            return

    async def _blob_from(self, repository: str, descriptor: Descriptor, position: int) -> AsyncIterator[bytes]:
        headers = {"Range": f"bytes={position}-"} if position else {}
        async with self._ask("GET", repository, f"blobs/{descriptor.digest}", "", headers) as response:
            skip = position if response.status == 200 else 0  # ranges are optional for a registry
            async for chunk in response.content.iter_chunked(_CHUNK):
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                yield chunk[skip:]
                skip = 0

    async def tags(self, repository: str) -> list[str]:
        """All tags, in the registry's order. Raises NotFound for an unknown repository."""
        tags: list[str] = []
        last = ""
        for _ in range(_MAX_PAGES):
            page = await self._tags_after(repository, last)
            tags += page
            if len(tags) > _MAX_TAGS:
                raise InvalidArgument(f"the registry names more than {_MAX_TAGS} tags of {repository}")
            if not page or page[-1] == last:
                break
            last = page[-1]
        return list(dict.fromkeys(tags))

    async def _tags_after(self, repository: str, last: str) -> list[str]:
        query = f"tags/list?n=1000{f'&last={last}' if last else ''}"
        async with self._ask("GET", repository, query, "", {}) as response:
            body = await read_body(response, _MAX_MANIFEST)
        try:
            tags = list(json.loads(body).get("tags") or ())
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidArgument(f"the registry's list of tags of {repository} is damaged: {error}") from error
        return [tag for tag in tags if isinstance(tag, str) and len(tag) <= _LONGEST_TAG]

    async def search(self, domain: str, term: str, limit: int) -> list[SearchResult]:
        """Repositories that the registry's search finds (Docker's protocol 1). Raises NotFound where it has none."""
        (*_, endpoint) = await self._endpoints(f"{domain}/", PULL)
        return await search(self._talk, endpoint, domain, term, limit)

    async def push_blob(self, repository: str, blob: BlobSource, *, sources: Sequence[str] = ()) -> BlobPush:
        """Makes sure that the repository has the blob: it may have it, or take it from one of the `sources` (paths on
        the same registry); else it is sent. Raises Unauthenticated, PermissionDenied, Unavailable, PierError.
        """
        (endpoint, *_) = await self._endpoints(repository, PUSH)
        return await send_blob(self._talk, endpoint, repository, blob, sources)

    async def push_manifest(self, repository: str, reference: str, manifest: Descriptor, document: bytes) -> None:
        """Puts a manifest or index under a tag or its digest. Raises as `push_blob`."""
        (endpoint, *_) = await self._endpoints(repository, PUSH)
        await put_manifest(self._talk, endpoint, repository, reference, manifest, document)

    @asynccontextmanager
    async def _ask(
        self, method: str, repository: str, what: str, reference: str, headers: Mapping[str, str]
    ) -> "AsyncIterator[aiohttp.ClientResponse]":
        """A successful answer, its body unread, from the first endpoint that gives one."""
        ask = Ask(method=method, repository=repository, what=what, reference=reference, headers=headers)
        names = what.startswith("tags/") or (reference and not _DIGEST.fullmatch(reference))
        async with self._talk.ask(ask, await self._endpoints(repository, RESOLVE if names else PULL)) as response:
            yield response

    async def _endpoints(self, repository: str, capability: str) -> list[Endpoint]:
        """Those that may be asked; files are read once for each conversation. Raises PierError where there is none."""
        domain = repository.partition("/")[0]
        if domain not in self._found:
            self._found[domain] = await asyncio.to_thread(self._hosts.find, domain)
        able = [endpoint for endpoint in self._found[domain] if capability in endpoint.capabilities]
        if not able:
            raise PierError(f"{repository}: the settings for {domain} in hosts.toml leave no host to {capability}")
        return able


def _media_type(response: "aiohttp.ClientResponse") -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip()


def _manifest_type(announced: str, body: bytes, repository: str) -> str:
    """The document's own word counts; old ones have none and rely on the header."""
    try:
        document = json.loads(body)
        own = document.get("mediaType", "")
        version = document.get("schemaVersion")
    except (ValueError, AttributeError, RecursionError) as error:
        raise InvalidArgument(f"the registry's manifest of {repository} is damaged: {error}") from error
    if version == 1:
        raise Unsupported(
            f"{repository} is in the image format of before 2016 (schema 1), which Pier does not read; push it anew"
        )
    media_type = own or announced
    if media_type not in _MANIFEST_TYPES:
        raise Unsupported(f"{repository} is no container image: its manifest has the type {media_type!r}")
    return str(media_type)
