"""Events: one JSON object a line."""

from msgspec import field

from pier.wire.shape import UNSET, Omitted, Shape


class Actor(Shape, kw_only=True):
    id: str = field(name="ID")
    attributes: dict[str, str]


class Event(Shape, kw_only=True):
    """`status`, `id` and `from` are the old form of container and image events, left out from 1.52 on."""

    status: Omitted[str] = field(default=UNSET, name="status")
    id: Omitted[str] = field(default=UNSET, name="id")
    origin: Omitted[str] = field(default=UNSET, name="from")
    type: str
    action: str
    actor: Actor
    scope: str = field(name="scope")
    time: int = field(name="time")
    time_nano: int = field(name="timeNano")
