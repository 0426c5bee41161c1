"""Identifiers: 64 lower-case hex digits for containers, networks and execs, as Docker's."""

import re
import secrets
from collections.abc import Iterable

from pier.domain.errors import InvalidArgument

SHORT_LENGTH = 12
_FULL = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
NAME_RULE = "[a-zA-Z0-9][a-zA-Z0-9_.-]"


def new_id() -> str:
    """A fresh random id whose short form is never all digits (it serves as a host name, which may not be a number)."""
    while True:
        candidate = secrets.token_hex(32)
        if not candidate[:SHORT_LENGTH].isdigit():
            return candidate


def short(full_id: str) -> str:
    """The first twelve digits of an id, without an algorithm prefix such as `sha256:`."""
    return full_id.partition(":")[2][:SHORT_LENGTH] if ":" in full_id else full_id[:SHORT_LENGTH]


def is_full_id(text: str) -> bool:
    return _FULL.fullmatch(text) is not None


def is_valid_name(name: str) -> bool:
    """Docker's rule for names of containers and volumes: two characters at least."""
    return _NAME.fullmatch(name) is not None


def match_prefix(prefix: str, ids: Iterable[str]) -> str | None:
    """The one id that starts with `prefix`; None if there is none.

    Raises InvalidArgument where several do.
    """
    found = [candidate for candidate in ids if candidate.startswith(prefix)] if prefix else []
    if len(found) > 1:
        raise InvalidArgument(f"multiple IDs found with provided prefix: {prefix}")
    return found[0] if found else None
