"""Tells two normalised bodies apart, path by path."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One allowed: `where` is a pattern of `scenario/key/path`, `reason` says why Pier answers otherwise."""

    where: str
    reason: str

    def covers(self, place: str) -> bool:
        return fnmatchcase(place, self.where)


@dataclass(frozen=True)
class Found:
    """One that occurs."""

    place: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.place}: docker has {self.expected}, Pier {self.actual}"


def differences(place: str, expected: Any, actual: Any) -> Iterator[Found]:
    """Missing and additional keys, other types, other values; lists item by item."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            if key not in actual:
                yield Found(f"{place}/{key}", _shown(expected[key]), "no such key")
            elif key not in expected:
                yield Found(f"{place}/{key}", "no such key", _shown(actual[key]))
            else:
                yield from differences(f"{place}/{key}", expected[key], actual[key])
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(f"{place}/{index}", one, other)
    elif type(expected) is not type(actual) or expected != actual:
        yield Found(place, _shown(expected), _shown(actual))


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 300 else f"{text[:300]}…"
