"""Reading from registries (OCI distribution-spec, "Pull"): manifests, blobs, tags."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pier.domain.errors import InvalidArgument, NotFound, PierError, Unsupported
from pier.domain.image import (
    MEDIA_TYPE_DOCKER_LIST,
    MEDIA_TYPE_DOCKER_MANIFEST,
    MEDIA_TYPE_OCI_INDEX,
    MEDIA_TYPE_OCI_MANIFEST,
    Descriptor,
)
from pier.domain.registry import RegistryAuth
from pier.registry.auth import Authorizer
from pier.registry.endpoints import Endpoint, endpoints
from pier.registry.errors import refusal
from pier.registry.transport import Interrupted, Transport, Unreachable

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
_MAX_ERROR = 64 << 10
_CHUNK = 256 << 10
_BLOB_ATTEMPTS = 5  # in a row without a byte of progress
_BLOB_PAUSE = 1.0  # seconds
_MAX_PAGES = 1000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Registry:
    """All registries, as configured: mirrors of Docker Hub, and hosts that need no valid certificate."""

    def __init__(self, *, mirrors: Sequence[str] = (), insecure: Sequence[str] = ()) -> None:
        self._mirrors = tuple(mirrors)
        self._insecure = tuple(insecure)
        self._transport = Transport()
        self._schemes: dict[str, str] = {}  # what an insecure host was found to speak

    def session(self, auth: RegistryAuth) -> "Session":
        """A conversation with this user's credentials; nothing of them outlives it."""
        return Session(self._transport, auth, self._mirrors, self._insecure, self._schemes)

    async def close(self) -> None:
        """Closes all connections."""
        await self._transport.close()


class Session:
    """One user's requests. Tokens are kept for each host and repository until the session is dropped."""

    def __init__(
        self,
        transport: Transport,
        auth: RegistryAuth,
        mirrors: Sequence[str],
        insecure: Sequence[str],
        schemes: dict[str, str],
    ) -> None:
        self._transport = transport
        self._authorizer = Authorizer(transport, auth)
        self._mirrors = mirrors
        self._insecure = insecure
        self._schemes = schemes
        self._logins: dict[tuple[str, str], str] = {}  # Authorization headers by host and path
        self._login = asyncio.Lock()

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
            body = await _read(response, _MAX_MANIFEST + 1)
            media_type, announced = _media_type(response), response.headers.get("Docker-Content-Digest", "")
        if len(body) > _MAX_MANIFEST:
            raise InvalidArgument(f"the manifest of {repository}:{reference} is larger than {_MAX_MANIFEST} bytes")
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        wanted = reference if _DIGEST.fullmatch(reference) else announced
        if _DIGEST.fullmatch(wanted) and wanted != digest:
            raise InvalidArgument(
                f"the registry sent a manifest of {repository} whose digest is {digest} instead of {wanted}"
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
                if failures >= _BLOB_ATTEMPTS:
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
            if not page or page[-1] == last:
                break
            last = page[-1]
        return list(dict.fromkeys(tags))

    async def _tags_after(self, repository: str, last: str) -> list[str]:
        query = f"tags/list?n=1000{f'&last={last}' if last else ''}"
        async with self._ask("GET", repository, query, "", {}) as response:
            body = await _read(response, _MAX_MANIFEST)
        try:
            tags = json.loads(body).get("tags") or []
        except (ValueError, AttributeError) as error:
            raise InvalidArgument(f"the registry's list of tags of {repository} is damaged: {error}") from error
        return [tag for tag in tags if isinstance(tag, str)]

    @asynccontextmanager
    async def _ask(
        self, method: str, repository: str, what: str, reference: str, headers: Mapping[str, str]
    ) -> "AsyncIterator[aiohttp.ClientResponse]":
        """A successful answer, its body unread, from the first endpoint that gives one."""
        domain, _, path = repository.partition("/")
        request = _Request(method, repository, path, what, reference, headers)
        *mirrors, origin = endpoints(domain, mirrors=self._mirrors, insecure=self._insecure)
        async with AsyncExitStack() as stack:
            response = None
            for mirror in mirrors:
                with suppress(PierError):  # a mirror may lack it or be down; the origin's answer counts
                    response = await self._answer(stack, mirror, request)
                    break
            yield response or await self._answer(stack, origin, request)

    async def _answer(self, stack: AsyncExitStack, endpoint: Endpoint, request: "_Request") -> "aiohttp.ClientResponse":
        """An insecure host is asked by https first, then by plain http; what it speaks is remembered."""
        known = self._schemes.get(endpoint.host)
        *others, last = [known] if known in endpoint.schemes else endpoint.schemes
        for scheme in others:
            with suppress(Unreachable):
                response = await self._send(stack, scheme, endpoint, request, patient=False)
                self._schemes[endpoint.host] = scheme
                return response
        response = await self._send(stack, last, endpoint, request, patient=True)
        if endpoint.insecure:
            self._schemes[endpoint.host] = last
        return response

    async def _send(
        self, stack: AsyncExitStack, scheme: str, endpoint: Endpoint, request: "_Request", *, patient: bool
    ) -> "aiohttp.ClientResponse":
        """Asks, logs in when that is wanted, and asks again. Raises what a refusal means."""
        url = f"{scheme}://{endpoint.host}{endpoint.prefix}/v2/{request.path}/{request.what}"
        key = (endpoint.host, request.path)

        async def send() -> "aiohttp.ClientResponse":
            login = {"Authorization": self._logins[key]} if key in self._logins else {}
            return await stack.enter_async_context(
                self._transport.open(
                    request.method,
                    url,
                    headers={**request.headers, **login},
                    verify=not endpoint.insecure,
                    patient=patient,
                )
            )

        used = self._logins.get(key)
        response = await send()
        if response.status == 401 and "WWW-Authenticate" in response.headers:
            async with self._login:  # several layers may be refused at once: one asks for the token
                if self._logins.get(key) == used:
                    self._logins[key] = await self._authorizer.answer(
                        response.headers.getall("WWW-Authenticate"), endpoint, request.repository, request.path
                    )
            response.release()
            response = await send()
        if response.status not in (200, 206):
            body = await _read(response, _MAX_ERROR)
            raise refusal(response.status, body, repository=request.repository, reference=request.reference)
        return response


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    repository: str  # as users name it, for messages
    path: str  # the repository without its domain
    what: str
    reference: str
    headers: Mapping[str, str]


async def _read(response: "aiohttp.ClientResponse", limit: int) -> bytes:
    """At most `limit` bytes of the body."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])


def _media_type(response: "aiohttp.ClientResponse") -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip()


def _manifest_type(announced: str, body: bytes, repository: str) -> str:
    """The document's own word counts; old ones have none and rely on the header."""
    try:
        document = json.loads(body)
        own = document.get("mediaType", "")
        version = document.get("schemaVersion")
    except (ValueError, AttributeError) as error:
        raise InvalidArgument(f"the registry's manifest of {repository} is damaged: {error}") from error
    if version == 1:
        raise Unsupported(
            f"{repository} is in the image format of before 2016 (schema 1), which Pier does not read; push it anew"
        )
    media_type = own or announced
    if media_type not in _MANIFEST_TYPES:
        raise Unsupported(f"{repository} is no container image: its manifest has the type {media_type!r}")
    return str(media_type)
