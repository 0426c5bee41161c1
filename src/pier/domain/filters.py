"""Filters of lists, prunes and events: keys are ANDed, the values of one key ORed (labels are ANDed)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pier.domain.booleans import FALSE, TRUE
from pier.domain.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class Filters:
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def get(self, key: str) -> tuple[str, ...]:
        return self.values.get(key, ())

    def __contains__(self, key: str) -> bool:
        return bool(self.values.get(key))

    def require_known(self, known: Iterable[str]) -> None:
        """Raises InvalidArgument for a key outside `known`, in Docker's words."""
        allowed = frozenset(known)
        for key in self.values:
            if key not in allowed:
                raise InvalidArgument(f"invalid filter '{key}'")

    def flag(self, key: str, default: bool) -> bool:
        """A filter that is one boolean. Raises InvalidArgument for anything but one true or false."""
        given = self.get(key)
        if not given:
            return default
        if all(value in TRUE for value in given):
            return True
        if all(value in FALSE for value in given):
            return False
        raise InvalidArgument(f"invalid filter '{key}=[{' '.join(given)}]'")

    def match_text(self, key: str, *texts: str) -> bool:
        """Whether any value is one of the texts, or a regular expression that is found in one; without values, yes.

        What is no regular expression is not found, as with dockerd.
        """
        values = self.get(key)
        return not values or any(value in texts or _is_found(value, texts) for value in values)

    def match_labels(self, labels: Mapping[str, str], key: str = "label") -> bool:
        """Every `name` must be there and every `name=value` equal."""
        return all(_has_label(labels, wanted) for wanted in self.get(key))

    def match_absent_labels(self, labels: Mapping[str, str], key: str = "label!") -> bool:
        return not any(_has_label(labels, unwanted) for unwanted in self.get(key))


def _is_found(value: str, texts: Iterable[str]) -> bool:
    try:
        pattern = re.compile(value)
    except re.error:
        return False
    return any(pattern.search(text) for text in texts)


def _has_label(labels: Mapping[str, str], wanted: str) -> bool:
    name, separator, value = wanted.partition("=")
    return name in labels and (not separator or labels[name] == value)
