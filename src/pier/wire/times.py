"""Docker's times: RFC 3339 with up to nine digits of fraction, and Unix seconds with a fraction, in queries.

Inside, a time is an integer: nanoseconds since the Unix epoch, 0 for never (Docker's year 1).
"""

import calendar
import time
from functools import lru_cache

NEVER = "0001-01-01T00:00:00Z"
_SECOND = 1_000_000_000


def rfc3339(moment: int) -> str:
    """Nanoseconds as `2026-01-02T03:04:05.06Z`: the fraction without its trailing zeros; 0 is Docker's zero time."""
    if moment == 0:
        return NEVER
    seconds, fraction = divmod(moment, _SECOND)
    text = _whole_seconds(seconds)
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else text + "Z"


def rfc3339_fixed(moment: int) -> str:
    """The same with all nine digits, as in front of log lines."""
    seconds, fraction = divmod(moment, _SECOND)
    return f"{_whole_seconds(seconds)}.{fraction:09d}Z"


@lru_cache(maxsize=256)
def _whole_seconds(seconds: int) -> str:
    """Lines of a log share their seconds; formatting them is the dear part."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def parse_rfc3339(text: str) -> int:
    """The reverse; also takes an offset `+02:00`. Raises ValueError for anything else."""
    if text == NEVER:
        return 0
    body, shift = _split_offset(text)
    whole, _, fraction = body.partition(".")
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        raise ValueError(f"invalid time {text!r}")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - shift
    return seconds * _SECOND + int(fraction[:9].ljust(9, "0") or "0")


def _split_offset(text: str) -> tuple[str, int]:
    if text.endswith(("Z", "z")):
        return text[:-1], 0
    body, offset = text[:-6], text[-6:]
    if len(offset) != 6 or offset[0] not in "+-" or offset[3] != ":" or not (offset[1:3] + offset[4:]).isdigit():
        raise ValueError(f"invalid time {text!r}: it has neither Z nor an offset")
    shift = int(offset[1:3]) * 3600 + int(offset[4:]) * 60
    return body, -shift if offset[0] == "-" else shift


def parse_unix(text: str) -> int:
    """`1700000000` or `1700000000.123456789` as nanoseconds.

    Raises ValueError in the words of Go's strconv, which is what clients get to see.
    """
    whole, _, fraction = text.partition(".")
    for part in (whole, fraction or "0"):
        digits = part.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError(f'strconv.ParseInt: parsing "{part}": invalid syntax')
    moment = abs(int(whole)) * _SECOND + int(fraction[:9].ljust(9, "0") if fraction else 0)
    return -moment if whole.startswith("-") else moment
