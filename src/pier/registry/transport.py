"""HTTP requests to registries: one pool of connections, time limits, retries, proxies of the environment."""

import asyncio
import os
import socket
import urllib.request
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pier.domain.errors import PierError
from pier.registry.endpoints import Tls, is_loopback

if TYPE_CHECKING:
    import ssl

    import aiohttp

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0  # between two pieces of an answer
WRITE_SECONDS = 60.0  # for one piece of a body
_PAUSES = (0.5, 1.0, 2.0)  # seconds before the second and further tries
_LONGEST_PAUSE = 30.0  # a registry that asks for more patience than that is reported instead
_RETRIED = frozenset({429, 500, 502, 503, 504})
_CONNECTIONS = 16
_USER_AGENT = "pier"
_TLS = Tls()


class Unreachable(PierError):
    """No answer, or one that broke off: the network's, the name's or the certificate's fault."""


class UnknownHost(Unreachable):
    """The resolver says that there is no such name: asking again would say the same."""


class Interrupted(Unreachable):
    """An answer that broke off after it had begun: worth asking for the rest."""


class Transport:
    """Made cheap; opens its pool, and imports aiohttp, at the first request. Must be used within one event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[Tls, tuple[tuple[int, ...], ssl.SSLContext]] = {}  # and when their files changed

    async def close(self) -> None:
        """Closes all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: "bytes | AsyncIterable[bytes] | None" = None,
        tls: Tls = _TLS,
        connect_seconds: float = 0.0,
        patient: bool = True,
    ) -> "AsyncIterator[aiohttp.ClientResponse]":
        """The answer, whatever its status, its body unread. Redirects are followed; another host gets no credentials.

        With `patient` connection failures, except for unknown names, and answers that ask for another try are tried
        again, a bounded number of times; a body that streams can be sent once only, so never then. Raises Unreachable,
        and Interrupted when the body breaks off while the caller reads it.
        """
        pauses = list(_PAUSES) if patient and not isinstance(body, AsyncIterable) else []
        while True:
            try:
                response = await self._send(method, url, headers, form or body, tls, connect_seconds or CONNECT_SECONDS)
            except Unreachable as error:
                if not pauses or isinstance(error, UnknownHost):
                    raise
                await asyncio.sleep(pauses.pop(0))
                continue
            pause = _pause_before_retry(response, pauses)
            if pause is None:
                break
            response.release()
            await asyncio.sleep(pause)
        try:
            with _translated(url, Interrupted):
                yield response
        finally:
            response.close()

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        data: "Mapping[str, str] | bytes | AsyncIterable[bytes] | None",
        tls: Tls,
        connect_seconds: float,
    ) -> "aiohttp.ClientResponse":
        import aiohttp

        session = self._pool()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds, sock_read=READ_SECONDS)
        context = await self._context(tls)
        with _translated(url):
            async with asyncio.timeout(None) as limit:
                if isinstance(data, AsyncIterable):
                    data = _taken_in_time(data, limit)
                return await session.request(
                    method,
                    url,
                    headers=headers,
                    data=data,
                    proxy=_proxy(url),
                    ssl=context,
                    timeout=timeout,
                    allow_redirects=True,
                )

    async def _context(self, tls: Tls) -> "ssl.SSLContext | bool":
        if not tls.authorities and not tls.clients:
            return tls.verify
        changed, context = self._contexts.get(tls, ((), None))
        now = await asyncio.to_thread(_times, tls)
        if context is None or changed != now:
            context = await asyncio.to_thread(_load_context, tls)
            self._contexts[tls] = now, context
        return context

    def _pool(self) -> "aiohttp.ClientSession":
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
                auto_decompress=False,  # digests are of the bytes as they are stored
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _taken_in_time(chunks: AsyncIterable[bytes], limit: asyncio.Timeout) -> AsyncIterator[bytes]:
    """A body, of which each piece must be sent within WRITE_SECONDS; what it takes to make a piece does not count.

    aiohttp's own limits begin when the whole body is sent.
    """
    loop = asyncio.get_running_loop()
    async for chunk in chunks:
        with suppress(RuntimeError):  # the answer is there before the body's end: nobody waits any more
            limit.reschedule(loop.time() + WRITE_SECONDS)
        yield chunk
        with suppress(RuntimeError):
            limit.reschedule(None)


class _translated:
    """Turns what aiohttp and the system raise into Unreachable, or a kind of it."""

    def __init__(self, url: str, kind: type[Unreachable] = Unreachable) -> None:
        self._place = _place(url)
        self._kind = kind

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        import aiohttp

        if isinstance(error, TimeoutError):
            raise self._kind(f"{self._place} does not answer in time; try again, or check the network") from error
        if isinstance(error, aiohttp.ClientError | OSError):
            kind_of_error = UnknownHost if _is_unknown_host(error) else self._kind
            raise kind_of_error(
                f"cannot talk to {self._place}: {_reason(error)}; check the registry's name and the network"
            ) from error


def _reason(error: "aiohttp.ClientError | OSError") -> str:
    """Why there is no connection, in the words that Go's net package, and so dockerd, has for it."""
    import aiohttp

    if not isinstance(error, aiohttp.ClientConnectorError) or isinstance(error, aiohttp.ClientSSLError):
        return str(error) or type(error).__name__
    cause = error.os_error
    if isinstance(cause, socket.gaierror):
        return f"dial tcp: lookup {error.host}: {'no such host' if _is_unknown_host(error) else cause.strerror}"
    words = os.strerror(cause.errno).lower() if cause.errno else str(cause)
    return f"dial tcp {error.host}:{error.port}: connect: {words}"


def _is_unknown_host(error: BaseException) -> bool:
    cause = getattr(error, "os_error", None)
    return isinstance(cause, socket.gaierror) and cause.errno in (socket.EAI_NONAME, socket.EAI_NODATA)


def _times(tls: Tls) -> tuple[int, ...]:
    """When the files changed last; 0 for one that is not there, which loading it reports."""
    files = [*tls.authorities, *(file for pair in tls.clients for file in pair)]
    return tuple(os.stat(file).st_mtime_ns if os.path.exists(file) else 0 for file in files)


def _load_context(tls: Tls) -> "ssl.SSLContext":
    """The host's own authorities count, too. Raises PierError for files that cannot be used."""
    import ssl

    context = ssl.create_default_context()
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        for authority in tls.authorities:
            context.load_verify_locations(authority)
        for certificate, key in tls.clients:
            context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        files = ", ".join([*tls.authorities, *(file for pair in tls.clients for file in dict.fromkeys(pair))])
        raise PierError(f"cannot use the registry's certificates in {files}: {error}") from error
    return context


def _place(url: str) -> str:
    """The address without path and query, which may hold signatures."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _pause_before_retry(response: "aiohttp.ClientResponse", pauses: list[float]) -> float | None:
    """How long to wait before another try; None: this answer stands."""
    if response.status not in _RETRIED or not pauses:
        return None
    pause = pauses.pop(0)
    asked = response.headers.get("Retry-After", "")
    if not asked.isascii() or not asked.isdigit():  # absent, or a date, which a wrong clock would misread
        return pause
    return float(asked) if float(asked) <= _LONGEST_PAUSE else None


def _proxy(url: str) -> str | None:
    """What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say; loopback is never asked of a proxy."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
