"""Events: what happened to which object, in the order in which it was recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`type` is container, image, network, volume, daemon or builder; `actor_id` is the object's id or name."""

    type: str
    action: str
    actor_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    time: int  # nanoseconds; never goes back within one engine
    scope: str = "local"
