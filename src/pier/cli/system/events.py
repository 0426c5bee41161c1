"""`pier system events`, `pier events`."""

import sys

from pier.cli.container.logs import read_time
from pier.cli.errors import CliError
from pier.cli.filters import FILTER, encode_filters
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.render.times import rfc3339_nano

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session
    from pier.client.query import Query


_EMPTY: "dict[str, Any]" = {"Type": "", "Action": "", "Actor": {"ID": "", "Attributes": {}}}
_BAD_FORMAT = 64  # docker's exit code for it


def events(session: "Session", values: Values, _: list[str]) -> int:
    """Print events as they happen, until --until or ctrl-c."""
    query: Query = {
        "since": read_time(values.text("since")),
        "until": read_time(values.text("until")),
        "filters": encode_filters(values.items("filter")),
    }
    try:
        render = _renderer(values.text("format"))
        render(_EMPTY)
    except CliError as error:
        raise CliError(f"Error parsing format: {error}", _BAD_FORMAT) from None
    for event in session.client.stream("GET", "/events", query):
        session.out(render(event) + "\n")
        sys.stdout.flush()
    return 0


def _renderer(template: str) -> "Any":
    if not template:
        return event_line
    from pier.cli.go_types import API_TYPES
    from pier.cli.render.json_text import go_json
    from pier.cli.render.listing import unescape
    from pier.cli.render.template import Record, compile_template
    from pier.cli.render.template.functions import CallError
    from pier.cli.render.template.typed import typed, untyped

    if template == "json":
        return lambda event: go_json(untyped(typed(event, API_TYPES)))

    class EventRecord(Record):
        def field(self, name: str) -> "Any":
            if name not in self._fields:
                raise CallError(f"can't evaluate field {name} in type *events.Message")
            return super().field(name)

        def as_json(self) -> "dict[str, Any]":
            return dict(self._item)  # as it came, not under Go's names

    compiled = compile_template(unescape(template))
    return lambda event: compiled.render(EventRecord("Event", _FIELDS, typed(event, API_TYPES)))


_FIELDS = {
    name: (name.upper(), lambda event, key=key: event.get(key, ""))
    for name, key in (
        ("Type", "Type"),
        ("Action", "Action"),
        ("Actor", "Actor"),
        ("Scope", "scope"),
        ("Time", "time"),
        ("TimeNano", "timeNano"),
        ("Status", "status"),
        ("ID", "id"),
        ("From", "from"),
    )
}


def event_line(event: "dict[str, Any]") -> str:
    """`2026-11-25T01:31:29.471565624Z container destroy ID (image=x, name=y)`."""
    parts: list[str] = []
    if event.get("timeNano"):
        seconds, nanoseconds = divmod(int(event["timeNano"]), 10**9)
        parts.append(rfc3339_nano(seconds, nanoseconds))
    elif event.get("time"):
        parts.append(rfc3339_nano(int(event["time"]), 0))
    actor = event.get("Actor") or {}
    parts += [str(event.get("Type") or ""), str(event.get("Action") or ""), str(actor.get("ID") or "")]
    attributes = actor.get("Attributes") or {}
    if attributes:
        parts.append("(" + ", ".join(f"{key}={attributes[key]}" for key in sorted(attributes)) + ")")
    return " ".join(parts)


EVENTS = Command(
    "system events",
    "[OPTIONS]",
    "Watch what happens in the engine",
    (
        FILTER,
        Flag("format", "", STRING, "Show as json, or by a Go template"),
        Flag("since", "", STRING, "Show events since a time (2013-01-02T13:23:37Z) or for a span (42m)"),
        Flag("until", "", STRING, "End at a time (2013-01-02T13:23:37Z) or a span ago (42m)"),
    ),
    events,
    most=0,
)
