"""The `until` filter of prunes and of images: a moment, or how long ago."""

import re
from datetime import UTC, datetime

from pier.domain.errors import InvalidArgument
from pier.domain.filters import Filters

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,30})?)(ns|us|µs|ms|s|m|h)")


def parse_until(filters: Filters, now: int) -> int:
    """The one `until` value as nanoseconds since the epoch; 0 without one.

    Accepts unix seconds, RFC 3339 (with or without time), and Go's durations (`10m`, `1h30m`), counted back from now.
    Raises InvalidArgument, also for more than one, as dockerd's prunes.
    """
    if len(filters.get("until")) > 1:
        raise InvalidArgument("more than one until filter specified")
    return earliest_until(filters, now)


def earliest_until(filters: Filters, now: int) -> int:
    """The same where several are allowed: the earliest of them counts, as in dockerd's list of images."""
    return min((_moment(text, now) for text in filters.get("until")), default=0)


def _moment(text: str, now: int) -> int:
    if re.fullmatch(r"\d{1,15}(\.\d{1,30})?", text):
        return int(float(text) * 10**9)
    if _DURATION.match(text) and not _DURATION.sub("", text):
        return now - sum(int(float(number) * _UNITS[unit]) for number, unit in _DURATION.findall(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(
            f"invalid filter 'until={text}': use a time, as 2026-01-31, or a duration, as 24h"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 10**9)
