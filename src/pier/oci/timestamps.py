"""RFC 3339 times, as OCI documents write them, to and from nanoseconds since the epoch (0: never)."""

import re
from datetime import UTC, datetime

from pier.domain.errors import InvalidArgument

_SECOND = 1_000_000_000
_NEVER = "0001-01-01T00:00:00Z"  # the zero time of the programs that write most images
_FORM = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")


def parse_timestamp(text: str) -> int:
    """Nanoseconds; 0 for an empty text or a time before 1970. Raises InvalidArgument for what is no time."""
    if not text or text == _NEVER:
        return 0
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidArgument(f"{text!r} is not an RFC 3339 time")
    seconds, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(seconds.replace("t", "T") + ("+00:00" if zone in "Zz" else zone))
    except ValueError as error:
        raise InvalidArgument(f"{text!r} is not an RFC 3339 time: {error}") from error
    nanoseconds = int((fraction or "0")[:9].ljust(9, "0"))
    return max(0, int(moment.timestamp()) * _SECOND + nanoseconds)


def format_timestamp(time: int) -> str:
    """UTC with as many digits as needed; 0 is the zero time."""
    if time == 0:
        return _NEVER
    seconds, nanoseconds = divmod(time, _SECOND)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
