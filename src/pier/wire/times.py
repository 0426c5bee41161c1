"""Docker's times: RFC 3339 with up to nine digits of fraction, and Unix seconds with a fraction, in queries.

Inside, a time is an integer: nanoseconds since the Unix epoch, 0 for never (Docker's year 1).
"""

import calendar
import time
from functools import lru_cache

NEVER = "0001-01-01T00:00:00Z"
FOR_EVER = (1 << 63) - 1  # the last moment there is: April 2262
_SECOND = 1_000_000_000
_DIGITS = 20  # more than any number of 64 bits has


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
    """`1700000000` or `1700000000.123456789` as nanoseconds; what is beyond `FOR_EVER` is that.

    Raises ValueError in the words of Go's strconv, which is what clients get to see.
    """
    whole, point, fraction = text.partition(".")
    seconds = parse_int(whole, "ParseInt")
    if point:
        parse_int(fraction, "ParseInt")
    moment = min(abs(seconds) * _SECOND + int(fraction.lstrip("+-")[:9].ljust(9, "0")), FOR_EVER)
    return -moment if whole.startswith("-") else moment


def parse_int(text: str, function: str) -> int:
    """An integer of 64 bits as Go's strconv reads it. Raises ValueError in its words, `function` being which it was."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f'strconv.{function}: parsing "{text}": invalid syntax')
    significant = digits.lstrip("0") or "0"
    value = int(significant) if len(significant) < _DIGITS else FOR_EVER + 2
    value = -value if text[0] == "-" else value
    if not -FOR_EVER - 1 <= value <= FOR_EVER:
        raise ValueError(f'strconv.{function}: parsing "{text}": value out of range')
    return value
