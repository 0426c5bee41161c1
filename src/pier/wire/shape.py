"""The parent of every shape, and JSON in and out."""

import json
import re
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pier.wire.fitting import fit_for
from pier.wire.malformed import describe

__all__ = [
    "UNSET",
    "Int64",
    "Maybe",
    "Omitted",
    "Shape",
    "Uint16",
    "Uint32",
    "Unsigned",
    "compact",
    "decode",
    "encode",
]

_T = TypeVar("_T")
Omitted: TypeAlias = _T | UnsetType  # left out when empty
Maybe: TypeAlias = _T | UnsetType | None  # in a request: absent, null or given

# Numbers of requests, as wide as Docker's own: what does not fit is refused, not cut.
Int64: TypeAlias = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Unsigned: TypeAlias = Annotated[int, Meta(ge=0)]
Uint16: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 16) - 1)]
Uint32: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]


class Shape(msgspec.Struct, rename="pascal", kw_only=True):
    """A JSON object with Docker's spelling (`HostConfig`) and ours (`host_config`); unknown keys are ignored."""


_ENCODER = msgspec.json.Encoder()
_SURROGATE = re.compile("[\ud800-\udfff]")


def compact(value: Any) -> bytes:
    """One value as compact JSON.

    As Go does, what is no Unicode, as a file's name may be, becomes U+FFFD.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
        return _SURROGATE.sub("\ufffd", text).encode()


def encode(value: Any) -> bytes:
    """One value as compact JSON with the newline that ends every body of the API."""
    return compact(value) + b"\n"


def decode(data: bytes | str, shape: type[_T]) -> _T:
    """Reads one JSON value of a request; null is an empty object. Raises ValueError with a short reason (what is wrong,
    and where).
    """
    try:
        value = _parse(data)
        return msgspec.convert(fit_for(shape)({} if value is None else value), shape)
    except msgspec.MsgspecError as error:
        raise ValueError(describe(str(error), data.encode() if isinstance(data, str) else data)) from error
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def _parse(data: bytes | str) -> Any:
    """What is no Unicode in a text (bytes, half of a surrogate pair) becomes U+FFFD, as in Go."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        try:
            text = data if isinstance(data, str) else data.decode(errors="replace")
            value = json.loads(text, parse_constant=_refuse)
        except ValueError:
            value = None
        if value is None:
            raise
    return msgspec.json.decode(_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _refuse(constant: str) -> None:
    """For NaN and Infinity, which Python reads."""
    raise ValueError(constant)
