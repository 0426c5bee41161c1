"""Query strings and path segments (RFC 3986), without urllib, whose import costs more than the request."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    QueryValue = str | int | bool | Sequence[str] | None
    Query = Mapping[str, QueryValue]

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE = _UNRESERVED | frozenset(b"/:@,+=$&")


def quote(text: str, safe: "frozenset[int]" = _UNRESERVED) -> str:
    """Percent-encode the UTF-8 bytes of `text` that are not in `safe`."""
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in text.encode())


def quote_path(text: str) -> str:
    """Percent-encode a name for use within a path; slashes stay, as image names have them."""
    return quote(text, _PATH_SAFE)


def encode_query(query: "Query") -> str:
    """`a=1&b=x&b=y`: True is sent as 1; None, False and empty text are left out; a sequence repeats its key."""
    pairs: list[str] = []
    for key, value in query.items():
        if value is None or value is False or value == "":
            continue
        items = [value] if isinstance(value, str | int) else value
        pairs.extend(f"{quote(key)}={quote('1' if item is True else str(item))}" for item in items)
    return "&".join(pairs)
