"""The WWW-Authenticate header (RFC 9110, section 11.6.1) as registries use it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

# Neither begins where the other may: a hostile header costs no more than its length.
_BETWEEN = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]*")
_PART = re.compile(
    r"""(?P<key>[!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]*)))?"""
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
        for match in _parts(header):
            key, quoted, plain = match.group("key", "quoted", "plain")
            if quoted is None and plain is None:
                found.append((key.lower(), {}))
            elif found:
                value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                found[-1][1][key.lower()] = value
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _parts(header: str) -> Iterator[re.Match[str]]:
    position = 0
    while (between := _BETWEEN.match(header, position)) and (match := _PART.match(header, between.end())):
        yield match
        position = match.end()
