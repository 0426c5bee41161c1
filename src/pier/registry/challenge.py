"""The WWW-Authenticate header (RFC 9110, section 11.6.1) as registries use it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_PART = re.compile(
    r"""\s*,?\s*(?P<key>[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]*)))?"""
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme` in lower case: `bearer` or `basic`; the parameters' names in lower case too."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """All challenges of one answer; several may share a header. What cannot be read is passed over."""
    found: list[tuple[str, dict[str, str]]] = []
    for header in headers:
        for match in _PART.finditer(header):
            key, quoted, plain = match.group("key", "quoted", "plain")
            if quoted is None and plain is None:
                found.append((key.lower(), {}))
            elif found:
                value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                found[-1][1][key.lower()] = value
    return [Challenge(scheme, parameters) for scheme, parameters in found]
