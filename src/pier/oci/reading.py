"""Reading JSON that a stranger wrote: every access checks the type, and says which document was wrong."""

import json
import re

from pier.domain.errors import InvalidArgument

_LIMIT = 1 << 63
_SURROGATE = re.compile("[\ud800-\udfff]")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")


class Reader:
    """One JSON object; `what` names its document in errors. An absent or null field is the type's empty value."""

    def __init__(self, fields: dict[str, object], what: str) -> None:
        self._fields = fields
        self._what = what

    @classmethod
    def parse(cls, data: bytes, what: str) -> "Reader":
        """Raises InvalidArgument unless `data` is a JSON object."""
        try:
            document = _without_surrogates(json.loads(data), data)
        except (ValueError, RecursionError) as error:
            raise InvalidArgument(f"the {what} is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise InvalidArgument(f"the {what} is not a JSON object")
        return cls(document, what)

    def has(self, key: str) -> bool:
        return self._fields.get(key) is not None

    def text(self, key: str) -> str:
        value = self._fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(key, "a string")
        return value

    def number(self, key: str) -> int:
        value = self._fields.get(key)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not -_LIMIT <= value < _LIMIT:
            raise self._wrong(key, "a whole number of 64 bits")
        return value

    def flag(self, key: str) -> bool:
        value = self._fields.get(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def section(self, key: str) -> "Reader":
        return Reader(self._object(key), f"{key} of the {self._what}")

    def sections(self, key: str) -> "list[Reader]":
        value = self._list(key)
        return [Reader(self._as_object(key, entry), f"{key} of the {self._what}") for entry in value]

    def list_of_texts(self, key: str) -> tuple[str, ...]:
        return self.optional_texts(key) or ()

    def optional_texts(self, key: str) -> tuple[str, ...] | None:
        """None is kept apart from an empty list."""
        if not self.has(key):
            return None
        value = self._list(key)
        if not all(isinstance(entry, str) for entry in value):
            raise self._wrong(key, "a list of strings")
        return tuple(str(entry) for entry in value)

    def texts(self, key: str) -> dict[str, str]:
        """A map of strings."""
        value = self._object(key)
        if not all(isinstance(entry, str) for entry in value.values()):
            raise self._wrong(key, "a map of strings")
        return {name: str(entry) for name, entry in value.items()}

    def keys(self, key: str) -> tuple[str, ...]:
        """A set, written as a map whose values say nothing."""
        return tuple(self._object(key))

    def digest(self, key: str) -> str:
        value = self.text(key)
        if not _DIGEST.fullmatch(value):
            raise self._wrong(key, "a digest")
        return value

    def size(self, key: str) -> int:
        value = self.number(key)
        if value < 0:
            raise self._wrong(key, "a size")
        return value

    def _object(self, key: str) -> dict[str, object]:
        value = self._fields.get(key)
        return {} if value is None else self._as_object(key, value)

    def _as_object(self, key: str, value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return value

    def _list(self, key: str) -> list[object]:
        value = self._fields.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def _wrong(self, key: str, expected: str) -> InvalidArgument:
        return InvalidArgument(f"{key} of the {self._what} is not {expected}")


def _without_surrogates(document: object, data: bytes) -> object:
    """As Go reads JSON: half a character becomes U+FFFD. Nothing could be written down or sent with it."""
    if b"\\u" not in data and b"\xed" not in data:
        return document
    text = json.dumps(document, ensure_ascii=False)
    return json.loads(_SURROGATE.sub("\ufffd", text)) if _SURROGATE.search(text) else document
