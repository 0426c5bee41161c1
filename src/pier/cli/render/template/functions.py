"""What pipelines may call: Go's own functions and docker's additions, over JSON values."""

from collections.abc import Callable
from typing import Any

from pier.cli.render.json_text import go_json
from pier.cli.render.template.typed import NIL, OpenMap, untyped


class SelfEncoded(dict[str, Any]):
    """A value that writes its own JSON in Go, whose encoder escapes <, > and & then, and nowhere else in a template."""


class CallError(Exception):
    """A function was given what it cannot take."""


def is_true(value: Any) -> bool:
    """Go's idea of truth: not zero, not empty, not nil."""
    return bool(value)


def to_text(value: Any) -> str:
    """A value as Go's fmt prints it with %v."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_inner(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(_inner(item) for item in value) + "]"
    return str(value)


def _inner(value: Any) -> str:
    return "<nil>" if value is None else to_text(value)


def _float_text(value: float) -> str:
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def _index(collection: Any, *keys: Any) -> Any:
    for key in keys:
        if collection is None:
            raise CallError("error calling index: index of untyped nil")
        if isinstance(collection, OpenMap):
            collection = collection.get(str(key), _zero(collection))
        elif isinstance(collection, dict):
            collection = collection.get(str(key))
        elif isinstance(collection, list | str):
            if not isinstance(key, int) or not 0 <= key < len(collection):
                raise CallError(f"error calling index: index out of range: {key}")
            collection = collection[key] if isinstance(collection, list) else ord(collection[key])
        else:
            raise CallError(f"error calling index: can't index item of type {type(collection).__name__}")
    return collection


def _zero(collection: OpenMap) -> Any:
    """What Go gives for a key that is not in the map: the zero value of the values' type."""
    return "" if all(isinstance(value, str) for value in collection.values()) else NIL


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool | int | float):
        raise CallError("error calling len: len of a value that has no length")
    return len(value)


def _slice(value: Any, *bounds: int) -> Any:
    start = bounds[0] if bounds else 0
    end = bounds[1] if len(bounds) > 1 else len(value)
    if not 0 <= start <= end <= len(value):
        raise CallError(f"error calling slice: index out of range: {end}")
    return value[start:end]


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise CallError("error calling eq: missing argument for comparison")
    return any(first == other and isinstance(first, bool) == isinstance(other, bool) for other in others)


def _order(compare: Callable[[Any, Any], bool], name: str) -> Callable[[Any, Any], bool]:
    def ordered(first: Any, second: Any) -> bool:
        try:
            return compare(first, second)
        except TypeError:
            raise CallError(f"error calling {name}: incompatible types for comparison") from None

    return ordered


def _print(*values: Any) -> str:
    text = ""
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            text += " "
        text += to_text(value)
    return text


def _println(*values: Any) -> str:
    return " ".join(to_text(value) for value in values) + "\n"


def _printf(form: str, *values: Any) -> str:
    import re

    left = list(values)

    def verb(match: re.Match[str]) -> str:
        flags, letter = match.group(1), match.group(2)
        if letter == "%":
            return "%"
        if not left:
            return f"%!{letter}(MISSING)"
        return _verb_text(flags, letter, left.pop(0))

    return re.sub(r"%([-+ #0]*\d*(?:\.\d+)?)([a-zA-Z%])", verb, form)


def _verb_text(flags: str, letter: str, value: Any) -> str:
    if letter in "dxXob" and isinstance(value, int):
        if letter == "b":
            return f"{value:b}"
        return str(f"%{flags}{letter}" % value)
    if letter in "feEgG" and isinstance(value, int | float):
        return str(f"%{flags}{letter}" % value)
    if letter == "q":
        return str(f"%{flags}s" % go_json(str(value)))
    return str(f"%{flags}s" % to_text(value))


def _pad(text: Any, before: int, after: int) -> str:
    return " " * before + str(text) + " " * after if text else str(text)


def _truncate(text: Any, length: int) -> str:
    return str(text)[:length]


def _title(text: Any) -> str:
    words = str(text)
    return "".join(
        letter.upper() if index == 0 or words[index - 1].isspace() else letter for index, letter in enumerate(words)
    )


def _join(values: Any, separator: str) -> str:
    return separator.join(to_text(value) for value in values or ())


def _html(*values: Any) -> str:
    text = _print(*values)
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;")):
        text = text.replace(letter, entity)
    return text


def _urlquery(*values: Any) -> str:
    from urllib.parse import quote_plus

    return quote_plus(_print(*values))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: next((value for value in values if not is_true(value)), values[-1]),
    "or": lambda *values: next((value for value in values if is_true(value)), values[-1]),
    "not": lambda value: not is_true(value),
    "eq": _equal,
    "ne": lambda first, second: not _equal(first, second),
    "lt": _order(lambda a, b: bool(a < b), "lt"),
    "le": _order(lambda a, b: bool(a <= b), "le"),
    "gt": _order(lambda a, b: bool(a > b), "gt"),
    "ge": _order(lambda a, b: bool(a >= b), "ge"),
    "index": _index,
    "len": _len,
    "slice": _slice,
    "print": _print,
    "println": _println,
    "printf": _printf,
    "html": _html,
    "urlquery": _urlquery,
    "json": lambda value: go_json(untyped(value), escape=isinstance(value, SelfEncoded)),
    "split": lambda text, separator: str(text).split(separator) if separator else list(str(text)),
    "join": _join,
    "title": _title,
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "pad": _pad,
    "truncate": _truncate,
}

# Functions that leave a column's header as it is, so that `table {{json .Names}}` still has a heading.
HEADER_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **FUNCTIONS,
    "json": str,
    "join": lambda text, _: text,
    "split": lambda text, _: text,
    "truncate": lambda text, _: text,
    "index": lambda text, *_: text,
    "title": str,
    "lower": str,
    "upper": str,
}
