"""Sizes and durations in words, as Docker's clients and its list of containers write them."""

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def human_size(size: float) -> str:
    """Bytes in powers of 1000 with four significant digits: `1.982MB`."""
    step = 0
    while size >= 1000 and step < len(_UNITS) - 1:
        size /= 1000
        step += 1
    return f"{size:.4g}{_UNITS[step]}"


def human_duration(seconds: float) -> str:
    """A length of time in roughly one unit: `3 minutes`, `About an hour`, `2 weeks`."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes = whole // 60
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    days = hours // 24
    for unit, length, below in (("days", 1, 14), ("weeks", 7, 60), ("months", 30, 730)):
        if days < below:
            return f"{days // length} {unit}"
    return f"{int(seconds // 3600) // 24 // 365} years"
