"""Changes to what Pier remembers. A commit is a list of these: all happen, or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pier.domain.container import Container
from pier.domain.event import Event
from pier.domain.network import Network
from pier.domain.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Written before the first outside effect of an operation, dropped in the commit that records its result.

    What is found at start is an operation that a crash cut short: `kind` and `subject` say what to finish or undo.
    """

    id: str
    kind: str
    subject: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Put:
    """Write this value, replacing what has its id (a container, network, intent) or name (a volume)."""

    value: Container | Network | Volume | Intent


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget this value; one that is not there is no error."""

    value: Container | Network | Volume | Intent


@dataclass(frozen=True, slots=True)
class Publish:
    """Append an event to the durable history; it reaches subscribers after the commit."""

    event: Event


Change = Put | Drop | Publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Everything remembered, as found at start."""

    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    volumes: tuple[Volume, ...] = ()
    intents: tuple[Intent, ...] = ()
    last_event_time: int = 0
