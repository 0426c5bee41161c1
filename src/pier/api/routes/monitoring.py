"""Logs, stats and events: answers that go on for as long as there is something to tell."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from pier.api.call import Call, json_reply
from pier.api.errors import JSON, message_of
from pier.api.hijack import stream_type
from pier.api.http.messages import Answer, StreamReply, closing
from pier.api.router import Route
from pier.api.translate.events import describe_event
from pier.api.translate.stats import describe_stats
from pier.api.versions import Change, since
from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.runtime import ResourceSample
from pier.engine.containers.logs import LogOptions
from pier.engine.containers.usage import StatsSample
from pier.wire.frames import STDERR, frame
from pier.wire.shape import encode
from pier.wire.times import rfc3339_fixed

if TYPE_CHECKING:
    from pier.engine.ports import LogLine

_DIGITS = 18
LINES_AT_ONCE = 512  # log lines that are formatted before the loop is given back
STATS_PERIOD = 1.0  # seconds between two readings


async def logs(call: Call) -> Answer:
    options = LogOptions(
        stdout=call.flag("stdout"),
        stderr=call.flag("stderr"),
        follow=call.flag("follow"),
        since=call.moment("since"),
        until=call.moment("until"),
        tail=_tail(call.text("tail")),
    )
    terminal, batches = await call.engine.containers.logs(call.ref, options)
    lines = LogFormat(terminal=terminal, timestamps=call.flag("timestamps"), details=call.flag("details"))
    return StreamReply(
        headers=(("Content-Type", stream_type(call.version, terminal=terminal)),),
        chunks=_log_chunks(batches, lines, call.request.raw_path),
        follow=options.follow,
    )


def _tail(text: str) -> int:
    """What is no number, or a larger one than any log has lines, means all, as does less than nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else -1


class LogFormat:
    """Puts a line of a log into the form a client asked for."""

    def __init__(self, *, terminal: bool, timestamps: bool, details: bool) -> None:
        self._terminal = terminal
        self._timestamps = timestamps
        self._details = details

    def format(self, line: "LogLine") -> bytes:
        text = line.text
        if self._details:
            text = f"{format_attributes(line.attributes)} ".encode() + text
        if self._timestamps:
            text = f"{rfc3339_fixed(line.time)} ".encode() + text
        return text if self._terminal else frame(line.stream, text)

    def format_all(self, batch: "Iterable[LogLine]") -> bytes:
        return b"".join(map(self.format, batch))

    def failure(self, message: str) -> bytes:
        """Once output has begun, an error is a line of it."""
        text = f"Error grabbing logs: {message}\n".encode()
        return text if self._terminal else frame(STDERR, text)


def format_attributes(attributes: Mapping[str, str]) -> str:
    """`k=v,k2=v2`, sorted, with what would be misread escaped as in a query."""
    return ",".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in sorted(attributes.items()))


async def _log_chunks(
    batches: "AsyncIterator[Sequence[LogLine]]", lines: LogFormat, doing: str
) -> AsyncIterator[bytes]:
    async with closing(batches):
        try:
            async for batch in batches:
                text = await _formatted(batch, lines)
                del batch  # a client that stalls holds its bytes alone: the lines they came from are ten times that
                yield text
        except Exception as error:
            yield lines.failure(message_of(error, doing))


async def _formatted(batch: "Sequence[LogLine]", lines: LogFormat) -> bytes:
    parts = [lines.format_all(batch[:LINES_AT_ONCE])]
    for start in range(LINES_AT_ONCE, len(batch), LINES_AT_ONCE):
        await asyncio.sleep(0)
        parts.append(lines.format_all(batch[start : start + LINES_AT_ONCE]))
    return b"".join(parts)


async def stats(call: Call) -> Answer:
    """A reading a second; one alone takes two, a second apart, unless it shall be one-shot."""
    streaming = call.flag("stream", True)
    one_shot = call.flag("one-shot") and since(call.version, Change.STATS_ONE_SHOT)
    if streaming and one_shot:
        raise InvalidArgument("cannot have stream=true and one-shot=true")
    first = await call.engine.containers.stats(call.ref)
    if streaming:
        return StreamReply(headers=(JSON,), chunks=_stats_chunks(call, first), follow=True)
    if first.sample is None:
        return json_reply(describe_stats(first, None))
    if one_shot:
        return json_reply(describe_stats(first, None, named=False))
    await asyncio.sleep(STATS_PERIOD)
    return json_reply(describe_stats(await call.engine.containers.stats(call.ref), first.sample))


async def _stats_chunks(call: Call, first: StatsSample) -> AsyncIterator[bytes]:
    """Ends with the container's removal; one that does not run sends zeros until it does."""
    clock = asyncio.get_running_loop()
    now, due = first, clock.time()
    before: ResourceSample | None = None
    while True:
        yield encode(describe_stats(now, before))
        before = now.sample
        due = max(due + STATS_PERIOD, clock.time())
        await asyncio.sleep(due - clock.time())
        try:
            now = await call.engine.containers.stats(first.container.id)
        except NotFound:
            return


async def events(call: Call) -> Answer:
    """A `since` or `until` that is given as 0 is a time, too: the beginning of all.

    Who asks for an end alone gets what has been, too, as from dockerd.
    """
    begin, end = call.moment("since"), call.moment("until")
    if call.text("since") and call.text("until") and begin > end:
        since_text, until_text = call.text("since"), call.text("until")
        raise InvalidArgument(f"`since` time ({since_text}) cannot be after `until` time ({until_text})")
    found = call.engine.events.subscribe(
        since=begin or int(bool(call.text("since") or call.text("until"))),
        until=end or int(bool(call.text("until"))),
        filters=call.filters(),
    )

    told = since(call.version, Change.EVENTS_OF_MADE_IMAGES)

    async def chunks() -> AsyncIterator[bytes]:
        async with closing(found):
            async for event in found:
                if (event.type, event.action) == ("image", "create") and not told:
                    continue
                yield encode(describe_event(event, call.version))

    return StreamReply(headers=(JSON,), chunks=chunks(), follow=True)


ROUTES = (
    Route("GET", "/containers/{name...}/logs", logs),
    Route("GET", "/containers/{name...}/stats", stats),
    Route("GET", "/events", events),
)
