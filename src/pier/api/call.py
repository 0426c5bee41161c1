"""One call of the API: what a route's handler gets, with Docker's ways of reading queries and bodies."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pier.api.errors import JSON
from pier.api.http.messages import Headers, Reply, Request
from pier.api.translate.filters import load_filters
from pier.api.translate.listing import Summaries
from pier.domain.errors import InvalidArgument, PierError
from pier.domain.filters import Filters
from pier.wire.shape import decode, encode
from pier.wire.times import parse_int, parse_unix

if TYPE_CHECKING:
    from pier.engine.engine import Engine

JSON_LIMIT = 8 << 20  # bytes of a JSON body
_FALSE = frozenset({"", "0", "no", "false", "none"})
_T = TypeVar("_T")


class Call:
    """`version` is the minor number of the negotiated API version, `parameters` the path's variables.

    `summaries` is what the API remembers of earlier lists of containers.
    """

    def __init__(
        self,
        engine: "Engine",
        request: Request,
        version: int,
        parameters: Mapping[str, str],
        summaries: Summaries | None = None,
    ) -> None:
        self.engine = engine
        self.summaries = summaries or Summaries()
        self.request = request
        self.version = version
        self.parameters = parameters

    @property
    def ref(self) -> str:
        """The thing the path names: an id, a name, or the beginning of an id."""
        return self.parameters["name"]

    def text(self, key: str, default: str = "") -> str:
        values = self.request.query.get(key)
        return values[0] if values else default

    def texts(self, key: str) -> list[str]:
        return self.request.query.get(key, [])

    def flag(self, key: str, default: bool = False) -> bool:
        """Docker's booleans: empty, `0`, `no`, `false` and `none` are no, anything else is yes."""
        values = self.request.query.get(key)
        return default if not values else values[0].strip().lower() not in _FALSE

    def integer(self, key: str) -> int | None:
        """None when absent or empty. Raises PierError (500, as dockerd answers) for what is no number."""
        text = self.text(key)
        if not text:
            return None
        try:
            return parse_int(text, "Atoi")
        except ValueError as error:
            raise PierError(str(error)) from error

    def moment(self, key: str) -> int:
        """A time in Unix seconds as nanoseconds, 0 when absent. Raises PierError (500) for what is no number."""
        text = self.text(key)
        try:
            return parse_unix(text) if text else 0
        except ValueError as error:
            raise PierError(str(error)) from error

    def filters(self) -> Filters:
        """Raises InvalidArgument."""
        return load_filters(self.text("filters"))

    async def body(self, shape: type[_T]) -> _T:
        """The JSON body. Raises InvalidArgument for another content type, no body, or one that does not fit."""
        data = await self.request.body(JSON_LIMIT)
        if not data.strip():
            raise InvalidArgument("invalid JSON: got EOF while reading request body")
        return self._decode(data, shape)

    async def body_or(self, shape: type[_T], default: _T) -> _T:
        """The same where the body may be missing."""
        data = await self.request.body(JSON_LIMIT)
        return self._decode(data, shape) if data.strip() else default

    async def untyped_body(self, shape: type[_T]) -> _T:
        """The JSON body of a route that never asked for a content type. Raises InvalidArgument."""
        data = await self.request.body(JSON_LIMIT)
        if not data.strip():
            raise InvalidArgument("invalid JSON: got EOF while reading request body")
        return self._decode_any(data, shape)

    def _decode(self, data: bytes, shape: type[_T]) -> _T:
        self._require_json()
        return self._decode_any(data, shape)

    def _decode_any(self, data: bytes, shape: type[_T]) -> _T:
        try:
            return decode(data, shape)
        except ValueError as error:
            reason = str(error)
            raise InvalidArgument(
                reason if reason.startswith("unexpected content") else f"invalid JSON: {reason}"
            ) from error

    def _require_json(self) -> None:
        given = self.request.headers.get("content-type", "")
        kind = given.partition(";")[0].strip().lower()
        if not kind:
            raise InvalidArgument(f"malformed Content-Type header ({given}): mime: no media type")
        if kind != "application/json":
            raise InvalidArgument(f"unsupported Content-Type header ({given}): must be 'application/json'")


def json_reply(value: Any, status: int = 200, headers: Headers = ()) -> Reply:
    """A JSON body with Docker's content type and the newline at its end."""
    return Reply(status=status, headers=(JSON, *headers), body=encode(value))


def empty_reply(status: int = 204) -> Reply:
    return Reply(status=status)
