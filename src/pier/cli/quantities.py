"""Numbers, sizes and durations as Go's flag packages read and refuse them; the messages are part of docker's face."""

_SIZE_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_DURATION_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def read_bool(text: str) -> bool:
    """A Go boolean. Raises ValueError."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def read_int(text: str) -> int:
    """A signed 64-bit integer; 0x, 0o, 0b and underscores as Go takes them. Raises ValueError."""
    try:
        value = int(text, 0)
    except ValueError:
        try:
            value = int(text, 8) if text.lstrip("+-").startswith("0") else int("x")  # 010 is octal in Go
        except ValueError:
            raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return value


def read_uint16(text: str) -> int:
    """An integer from 0 to 65535. Raises ValueError."""
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if value < 0:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if value > 0xFFFF:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return value


def read_bytes(text: str) -> int:
    """A size in bytes: `64m`, `1.5g`, `32mb`, `1GiB`, `100`; units are powers of 1024. Raises ValueError."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ").rstrip(" ")
    unit = text[len(digits) :].strip().lower()
    unit = unit.removesuffix("ib").removesuffix("b") if unit not in ("b", "") else ""
    plain = digits.replace(".", "", 1)
    if unit not in _SIZE_UNITS and plain.isdecimal():
        raise ValueError(f"invalid suffix: '{text[len(digits) :].strip().lower()}'")
    if unit not in _SIZE_UNITS or not plain.isdecimal() or not plain.isascii():
        raise ValueError(f"invalid size: '{text}'")
    return int(float(digits) * _SIZE_UNITS[unit]) if "." in digits else int(digits) * _SIZE_UNITS[unit]


def read_swap(text: str) -> int:
    """A size, or -1 for no limit."""
    return -1 if text == "-1" else read_bytes(text)


def read_duration(text: str) -> int:
    """A Go duration (`1h1m1.5s`, `500ms`, `-1s`, `0`) in nanoseconds. Raises ValueError."""
    rest = text.lstrip("+-") if text[:1] in ("+", "-") and text[1:2] not in ("+", "-") else text
    if rest == "0":
        return 0
    total = 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    while rest:
        number = _leading(rest, "0123456789.")
        rest = rest[len(number) :]
        unit = _leading(rest, "nuµmsh")
        if number.count(".") > 1 or not number.strip("."):
            raise ValueError(f'time: invalid duration "{text}"')
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in _DURATION_UNITS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        rest = rest[len(unit) :]
        whole, _, fraction = number.partition(".")
        scale = _DURATION_UNITS[unit]
        total += int(whole or 0) * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)
    return -total if text.startswith("-") else total


def read_decimal(text: str) -> int:
    """A decimal number of CPUs in billionths (`1.5` is 1500000000). Raises ValueError."""
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("+-").partition(".")
    if not (whole + fraction).isdecimal() or not (whole + fraction).isascii():
        raise ValueError(f"failed to parse {text} as a rational number")
    fraction = fraction.rstrip("0")
    if len(fraction) > 9:
        raise ValueError("value is too precise")
    return sign * (int(whole or 0) * 10**9 + int(fraction.ljust(9, "0")))


def _leading(text: str, letters: str) -> str:
    end = 0
    while end < len(text) and text[end] in letters:
        end += 1
    return text[:end]
