"""Events."""

from pier.api.versions import Change, since
from pier.domain.event import Event
from pier.wire import event as wire
from pier.wire.shape import UNSET

_SECOND = 1_000_000_000


def describe_event(event: Event, version: int) -> wire.Event:
    """Events of containers and images also have the keys of old, below 1.52."""
    legacy = event.type in ("container", "image") and not since(version, Change.NO_LEGACY_EVENT_KEYS)
    origin = event.attributes.get("image", "") if event.type == "container" else ""
    return wire.Event(
        status=event.action if legacy else UNSET,
        id=event.actor_id if legacy and event.actor_id else UNSET,
        origin=origin if legacy and origin else UNSET,
        type=event.type,
        action=event.action,
        actor=wire.Actor(id=event.actor_id, attributes=dict(event.attributes)),
        scope=event.scope,
        time=event.time // _SECOND,
        time_nano=event.time,
    )
