"""What stands before and behind every route: versions, the headers of every reply, errors."""

import posixpath
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pier.api.call import Call
from pier.api.errors import JSON, describe_error
from pier.api.headers import STANDARD_HEADERS, VERSION_ERROR_HEADERS
from pier.api.http.channel import ConnectionLost
from pier.api.http.listener import Listener
from pier.api.http.messages import Answer, Headers, Hijack, Reply, Request
from pier.api.http.server import GRACE, Server, serving
from pier.api.router import Route, Router
from pier.api.routes import table
from pier.api.translate.listing import Summaries
from pier.api.versions import NEWEST, negotiate, split_version
from pier.domain.errors import InvalidArgument
from pier.wire.container import ErrorReply
from pier.wire.shape import encode

if TYPE_CHECKING:
    from pier.engine.engine import Engine

_NOT_FOUND = Reply(status=404, headers=(JSON,), body=encode(ErrorReply(message="page not found")))


class Api:
    """The Docker Engine API of one engine. Use `async with Api(engine).serving([Listener(...)])`."""

    def __init__(self, engine: "Engine", routes: Sequence[Route] | None = None) -> None:
        self._engine = engine
        self._router = Router(table() if routes is None else routes)
        self._summaries = Summaries()

    @asynccontextmanager
    async def serving(self, listeners: Sequence[Listener], grace: float = GRACE) -> AsyncIterator[Server]:
        """Serves on all listeners as long as the body runs. Raises BadListener before it does."""
        async with serving(self.handle, listeners, grace) as server:
            yield server

    async def handle(self, request: Request) -> Answer:
        """Answers one request; every failure is an answer too."""
        if "//" in request.path or "/." in request.path:
            clean = _clean(request.path)
            if clean != request.path:
                query = f"?{request.raw_query}" if request.raw_query else ""
                return Reply(status=301, headers=(("Location", clean + query),))
        if request.method == "OPTIONS":
            return Reply(headers=STANDARD_HEADERS)
        version, path = split_version(request.path)
        found = self._router.find(request.method, path)
        if found is None:
            return _NOT_FOUND
        try:
            minor = negotiate(version) if version else NEWEST
        except InvalidArgument as error:
            return _with_headers(describe_error(error, path), VERSION_ERROR_HEADERS)
        route, parameters = found
        request.runs_to_end = route.to_end
        return await self._call(route, Call(self._engine, request, minor, parameters, self._summaries))

    async def _call(self, route: Route, call: Call) -> Answer:
        try:
            answer = await route.handler(call)
        except ConnectionLost:
            raise
        except Exception as error:
            answer = describe_error(error, f"{route.method} {call.request.raw_path}")
        return answer if isinstance(answer, Hijack) else _with_headers(answer, STANDARD_HEADERS)


def _with_headers(answer: Answer, headers: Headers) -> Answer:
    return answer if isinstance(answer, Hijack) else replace(answer, headers=(*headers, *answer.headers))


def _clean(path: str) -> str:
    """`//v1.43/./info` as `/v1.43/info`; a slash at the end stays."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return clean + "/" if path.endswith("/") and clean != "/" else clean
