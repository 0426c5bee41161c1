"""Sizes and spans of time in docker's words."""

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def decimal_size(size: float, digits: int = 3) -> str:
    """`1.98MB`: powers of 1000, that many significant digits."""
    return _scaled(size, 1000.0, _DECIMAL, digits)


def binary_size(size: float) -> str:
    """`23.54GiB`: powers of 1024, four significant digits."""
    return _scaled(size, 1024.0, _BINARY, 4)


def span(seconds: float) -> str:
    """`About a minute`, `3 hours`: a span of time in round words."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    return _long_span(hours, int(seconds // 3600))


def _long_span(hours: int, whole_hours: int) -> str:
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{whole_hours // 24 // 365} years"


def _scaled(size: float, step: float, names: tuple[str, ...], digits: int) -> str:
    index = 0
    while size >= step and index < len(names) - 1:
        size /= step
        index += 1
    return f"{size:.{digits}g}{names[index]}"
