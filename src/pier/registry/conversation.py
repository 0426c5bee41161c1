"""One user's requests to registries: the endpoints of a repository in turn, logging in where one asks for it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from pier.domain.errors import PierError
from pier.registry.auth import Authorizer
from pier.registry.endpoints import Endpoint
from pier.registry.errors import refusal
from pier.registry.transport import Transport, Unreachable

if TYPE_CHECKING:
    import aiohttp

_MAX_ERROR = 64 << 10
_CHUNK = 256 << 10

Body: TypeAlias = "bytes | Callable[[], AsyncIterable[bytes]] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request about a repository.

    `repository` is a bare domain where none is meant. `what` stands behind /v2/<path>/; `url` is asked instead where a
    registry named one (a blob's upload). `sources` are repositories of the same host that are read besides
    (cross-repository mounts). `patient`: failures that may pass are tried again.
    """

    method: str
    repository: str  # as users name it, for messages
    what: str = ""
    url: str = ""
    reference: str = ""  # of a manifest, for messages
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None
    pushes: bool = False
    sources: Sequence[str] = ()
    accepted: Sequence[int] = (200, 206)
    patient: bool = True

    @property
    def path(self) -> str:
        """The repository without its domain."""
        return self.repository.partition("/")[2]

    @property
    def scopes(self) -> tuple[str, ...]:
        """What a token must allow (distribution's token scopes)."""
        if not self.path:  # a login, or what is no repository's
            return ()
        verbs = "pull,push" if self.pushes else "pull"
        return (f"repository:{self.path}:{verbs}", *(f"repository:{source}:pull" for source in self.sources))


class Conversation:
    """Logins are kept for each host and scope until it is dropped."""

    def __init__(self, transport: Transport, authorizer: Authorizer, schemes: dict[str, str]) -> None:
        """`schemes` is shared by all conversations: what insecure hosts were found to speak."""
        self._transport = transport
        self._authorizer = authorizer
        self._schemes = schemes
        self._logins: dict[tuple[str, tuple[str, ...]], str] = {}  # Authorization headers
        self._login = asyncio.Lock()

    @asynccontextmanager
    async def ask(self, ask: Ask, endpoints: Sequence[Endpoint]) -> "AsyncIterator[aiohttp.ClientResponse]":
        """An accepted answer, its body unread, from the first endpoint that gives one; the last one's refusal counts.

        Raises NotFound, Unauthenticated, PermissionDenied, Unavailable, PierError.
        """
        *others, last = endpoints
        async with AsyncExitStack() as stack:
            response = None
            for mirror in others:
                with suppress(PierError):  # a mirror may lack it or be down; the origin's answer counts
                    response = await self._answer(stack, mirror, ask)
                    break
            yield response or await self._answer(stack, last, ask)

    async def _answer(self, stack: AsyncExitStack, endpoint: Endpoint, ask: Ask) -> "aiohttp.ClientResponse":
        """An insecure host is asked by https first, then by plain http; what it speaks is remembered."""
        if ask.url:
            if ask.url.startswith("http:") and not endpoint.insecure:
                raise PierError(f"the registry {endpoint.host} names an address without TLS, which is not followed")
            return await self._send(stack, ask.url, endpoint, ask)
        known = self._schemes.get(endpoint.host)
        *others, last = [known] if known in endpoint.schemes else endpoint.schemes
        for scheme in others:
            with suppress(Unreachable):
                response = await self._send(stack, _url(scheme, endpoint, ask), endpoint, replace(ask, patient=False))
                self._schemes[endpoint.host] = scheme
                return response
        response = await self._send(stack, _url(last, endpoint, ask), endpoint, ask)
        if endpoint.insecure:
            self._schemes[endpoint.host] = last
        return response

    async def _send(self, stack: AsyncExitStack, url: str, endpoint: Endpoint, ask: Ask) -> "aiohttp.ClientResponse":
        """Asks, logs in when that is wanted, and asks again. Raises what a refusal means."""
        key = (endpoint.host, ask.scopes)

        async def send() -> "aiohttp.ClientResponse":
            ours = urlsplit(url).netloc == endpoint.host  # an upload may go to a storage service
            login = {"Authorization": self._logins[key]} if ours and key in self._logins else {}
            return await stack.enter_async_context(
                self._transport.open(
                    ask.method,
                    url,
                    headers={**endpoint.headers, **ask.headers, **login},
                    body=ask.body() if callable(ask.body) else ask.body,
                    tls=endpoint.tls,
                    connect_seconds=endpoint.connect_seconds,
                    patient=ask.patient,
                )
            )

        used = self._logins.get(key)
        response = await send()
        if response.status == 401 and "WWW-Authenticate" in response.headers:
            async with self._login:  # several layers may be refused at once: one asks for the token
                if self._logins.get(key) == used:
                    self._logins[key] = await self._authorizer.answer(
                        response.headers.getall("WWW-Authenticate"), endpoint, ask.repository, ask.scopes
                    )
            response.release()
            response = await send()
        if response.status not in ask.accepted:
            body = await read_body(response, _MAX_ERROR)
            raise refusal(response.status, body, repository=ask.repository, reference=ask.reference, pushing=ask.pushes)
        return response


def _url(scheme: str, endpoint: Endpoint, ask: Ask) -> str:
    url = f"{scheme}://{endpoint.host}{endpoint.root}/{'/'.join(filter(None, (ask.path, ask.what)))}"
    if not endpoint.namespace:
        return url
    return f"{url}{'&' if '?' in url else '?'}ns={endpoint.namespace}"


async def read_body(response: "aiohttp.ClientResponse", limit: int) -> bytes:
    """At most `limit` bytes of the body."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])
