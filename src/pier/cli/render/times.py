"""Times as the Engine API writes them (RFC 3339, unix seconds) and as people read them; without datetime."""

import time

NEVER = "0001-01-01T00:00:00Z"


def parse_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time; 0.0 for the zero time. Raises ValueError for other texts."""
    seconds, nanoseconds = parse_time_parts(text)
    return seconds + nanoseconds / 1e9


def parse_time_parts(text: str) -> tuple[int, int]:
    """Unix seconds and nanoseconds of an RFC 3339 time."""
    if not text or text == NEVER:
        return 0, 0
    day, _, clock = text.partition("T")
    offset = 0
    if clock[-1:] in ("Z", "z"):
        clock = clock[:-1]
    elif len(clock) > 6 and clock[-6] in "+-" and clock[-3] == ":":
        sign = 1 if clock[-6] == "+" else -1
        offset = sign * (int(clock[-5:-3]) * 3600 + int(clock[-2:]) * 60)
        clock = clock[:-6]
    else:
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    whole, _, fraction = clock.partition(".")
    year, month, month_day = (int(part) for part in day.split("-"))
    hour, minute, second = (int(part) for part in whole.split(":"))
    days = _days_since_epoch(year, month, month_day)
    return days * 86400 + hour * 3600 + minute * 60 + second - offset, int((fraction or "0").ljust(9, "0")[:9])


def go_time(seconds: float, nanoseconds: int = 0) -> str:
    """`2026-11-25 00:53:16 +0000 UTC`: Go's default form, in local time."""
    local = time.localtime(seconds)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return time.strftime("%Y-%m-%d %H:%M:%S", local) + fraction + time.strftime(" %z %Z", local)


def rfc3339_nano(seconds: int, nanoseconds: int) -> str:
    """`2026-11-25T00:53:16.515967639Z` in local time, always nine digits."""
    local = time.localtime(seconds)
    zone = time.strftime("%z", local)
    zone = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    return time.strftime("%Y-%m-%dT%H:%M:%S", local) + f".{nanoseconds:09d}{zone}"


def rfc3339(seconds: int) -> str:
    """`2026-11-25T00:53:16Z` in local time."""
    local = time.localtime(seconds)
    zone = time.strftime("%z", local)
    return time.strftime("%Y-%m-%dT%H:%M:%S", local) + ("Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}")


def since_argument(text: str, now: float) -> str:
    """A --since or --until value as the API takes it: unix seconds, with a fraction if there is one.

    Takes a Go duration (that long ago), an RFC 3339 time or a part of one (in local time), or unix seconds.
    Raises ValueError.
    """
    from pier.cli.quantities import read_duration

    try:
        ago = read_duration(text)
    except ValueError:
        pass
    else:
        return str(int(now - ago / 1e9)) if text not in ("0", "") else text
    if text.replace(".", "", 1).isdecimal():
        return text
    seconds, nanoseconds = _partial_time(text)
    return f"{seconds}.{nanoseconds:09d}"


def _partial_time(text: str) -> tuple[int, int]:
    date, _, clock = text.partition("T")
    if not clock:
        return _local(date, "00:00:00"), 0
    if clock[-1] == "Z" or "+" in clock or "-" in clock:
        mark = next(index for index, letter in enumerate(clock) if letter in "Z+-")
        whole = clock[:mark] + ":00" * (2 - clock[:mark].count(":"))
        return parse_time_parts(f"{date}T{whole}{clock[mark:]}")
    whole, _, fraction = clock.partition(".")
    whole += ":00" * (2 - whole.count(":"))
    return _local(date, whole), int((fraction or "0").ljust(9, "0")[:9])


def _local(date: str, clock: str) -> int:
    numbers = [int(part) for part in (*date.split("-"), *clock.split(":"))]
    if len(numbers) != 6:
        raise ValueError(f"failed to parse value as time or duration: {date!r}")
    year, month, day, hour, minute, second = numbers
    return int(time.mktime((year, month, day, hour, minute, second, 0, 0, -1)))


def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the Gregorian calendar; the year is counted from March so that leap days come last."""
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146097 + day_of_era - 719468
