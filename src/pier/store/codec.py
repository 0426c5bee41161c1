"""Records as JSON: msgspec reads and writes our dataclasses by their field names; unknown keys are ignored.

A field that is added later must have a default: then a record of an older Pier still reads. A change of meaning needs a
new VERSION and a step in `upgrade`.
"""

from typing import TypeVar

import msgspec

from pier.domain.container import Container
from pier.domain.errors import PierError
from pier.domain.network import Network
from pier.domain.record import Intent
from pier.domain.volume import Volume

VERSION = 1
Record = Container | Network | Volume | Intent
T = TypeVar("T")

_KINDS: dict[type, str] = {Container: "container", Network: "network", Volume: "volume", Intent: "intent"}
_encoder = msgspec.json.Encoder()


def kind_of(value: Record) -> str:
    return _KINDS[type(value)]


def key_of(value: Record) -> str:
    """Volumes are known by their name, everything else by its id."""
    return value.name if isinstance(value, Volume) else value.id


def encode(value: object) -> bytes:
    return _encoder.encode(value)


def decode(data: bytes, shape: type[T], what: str) -> T:
    """Raises PierError naming the record when it cannot be read."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise PierError(f"the record of {what} cannot be read: {error}") from error
