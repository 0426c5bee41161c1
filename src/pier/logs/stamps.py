"""Times as log lines carry them: RFC 3339 in UTC with up to nine digits, trailing zeros of the fraction dropped."""

import time
from datetime import datetime
from functools import lru_cache

SECOND = 1_000_000_000


def format_stamp(nanoseconds: int) -> bytes:
    """`2026-11-25T01:00:48.9528Z`; without a fraction when it is zero (Go's time.RFC3339Nano)."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    digits = f".{fraction:09}".rstrip("0") if fraction else ""
    return f"{whole}{digits}Z".encode()


@lru_cache(maxsize=256)
def parse_stamp(text: str) -> int:
    """Nanoseconds since the epoch; lines of one batch share their stamp, hence the cache. 0 for what is no time."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    try:
        seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
        return seconds * SECOND + int(fraction[:9].ljust(9, "0"))
    except ValueError:
        return 0
