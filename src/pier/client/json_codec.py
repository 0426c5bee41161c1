"""JSON for a process that lives for milliseconds.

The standard json package imports re, which costs more than listing containers does. Its C scanner and its string
escaper need neither, so they are used directly where the interpreter has them; elsewhere the json package does it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    import _json
except ImportError:  # an interpreter without the C accelerator
    _accelerator: "Any" = None
else:
    _accelerator = _json

_BLANK = " \t\r\n"


class _ScannerOptions:
    """The attributes that the C scanner reads; the defaults of json.JSONDecoder."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def decode(data: bytes | str) -> "Any":
    """The value of one JSON text. Raises ValueError when it is not one."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    if _accelerator is None:
        import json

        return json.loads(text)
    start = 0
    while start < len(text) and text[start] in _BLANK:
        start += 1
    try:
        value, end = _accelerator.make_scanner(_ScannerOptions)(text, start)
    except StopIteration:
        raise ValueError("not a JSON text") from None
    if text[end:].strip(_BLANK):
        raise ValueError("more text after the JSON value")
    return value


def encode(value: "Any") -> str:
    """Compact JSON of None, bool, int, float, str, and lists, tuples and dicts (string keys, kept in order) of them."""
    if _accelerator is None:
        import json

        return json.dumps(value, separators=(",", ":"))
    parts: list[str] = []
    _append(value, parts.append, _accelerator.encode_basestring_ascii)
    return "".join(parts)


def _append(value: "Any", add: "Callable[[str], None]", quote: "Callable[[str], str]") -> None:
    if value is None:
        add("null")
    elif value is True or value is False:
        add("true" if value else "false")
    elif isinstance(value, str):
        add(quote(value))
    elif isinstance(value, int | float):
        add(repr(value))
    elif isinstance(value, dict):
        for index, (key, item) in enumerate(value.items()):
            add(("," if index else "{") + quote(key) + ":")
            _append(item, add, quote)
        add("}" if value else "{}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            add("," if index else "[")
            _append(item, add, quote)
        add("]" if value else "[]")
    else:
        raise TypeError(f"{type(value).__name__} has no JSON form")
