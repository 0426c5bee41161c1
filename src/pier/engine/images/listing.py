"""The filters of `docker images`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pier.domain.errors import PierError
from pier.domain.filters import Filters
from pier.domain.image import Image
from pier.domain.reference import Reference, parse
from pier.engine.images.store import ImageStore, is_dangling, is_intermediate
from pier.engine.until import earliest_until

KEYS = ("before", "dangling", "label", "label!", "reference", "since", "until")


async def filter_images(
    store: ImageStore, images: Sequence[Image], filters: Filters, now: int, *, all: bool = False
) -> list[Image]:
    """Of all `images` those that pass; with a `reference` filter an image shows only the names that match.

    Without `all`, and for any `dangling`, those are left out that are there only for others made from them.

    Raises InvalidArgument for an unknown filter or a bad value, NotFound for an image that `before` or `since` names,
    PierError for a `reference` that is no pattern.
    """
    filters.require_known(KEYS)
    patterns = [_pattern(text) for text in filters.get("reference")]
    dangling = filters.flag("dangling", False) if "dangling" in filters else None
    after = max([(await store.get(ref)).created_at for ref in filters.get("since")], default=None)
    before = min([(await store.get(ref)).created_at for ref in filters.get("before")], default=None)
    until = earliest_until(filters, now)
    parents = set() if all and dangling is None else {image.parent for image in images}
    found = []
    for image in images:
        if is_intermediate(image, parents):
            continue
        if dangling is not None and is_dangling(image) != dangling:
            continue
        if after is not None and image.created_at <= after:
            continue
        if before is not None and image.created_at >= before:
            continue
        if until and image.created_at >= until:
            continue
        labels = image.config.labels
        if not filters.match_labels(labels) or not filters.match_absent_labels(labels):
            continue
        if (named := _by_reference(image, patterns)) is not None:
            found.append(named)
    return found


def _by_reference(image: Image, patterns: Sequence[re.Pattern[str]]) -> Image | None:
    if not patterns:
        return image

    def matches(name: str) -> bool:
        reference = parse(name, default_tag="")
        return any(pattern.fullmatch(form) for pattern in patterns for form in _forms(reference))

    tags = tuple(name for name in image.repo_tags if matches(name))
    digests = tuple(name for name in image.repo_digests if matches(name))
    return replace(image, repo_tags=tags, repo_digests=digests) if tags or digests else None


def _forms(reference: Reference) -> tuple[str, ...]:
    """What a pattern may be written against: with and without the tag, short and full."""
    return (
        reference.familiar,
        reference.familiar_repository,
        reference.canonical,
        reference.repository,
    )


_CHARACTER = r"(?: \\. | [^\]\\-] )"
_RANGE = re.compile(rf"(?P<first> {_CHARACTER}) (?: - (?P<last> {_CHARACTER}) )?", re.VERBOSE | re.DOTALL)
_PIECE = re.compile(
    rf"""
      (?P<many> \*)
    | (?P<one> \?)
    | \[ (?P<not> \^?+) (?P<set> (?: {_CHARACTER} (?: - {_CHARACTER} )? )+ ) \]
    | (?P<plain> \\. | [^*?\[\\] )
    """,
    re.VERBOSE | re.DOTALL,
)


def _pattern(text: str) -> re.Pattern[str]:
    """A shell pattern over names as Go's path.Match reads it: `*` and `?` stop at slashes, only `^` negates a set.

    Raises PierError (500, as dockerd answers) for one that is none, as `[a`.
    """
    parts = []
    position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            raise PierError("syntax error in pattern")
        position = piece.end()
        parts.append(_expression(piece))
    return re.compile("".join(parts))


def _expression(piece: re.Match[str]) -> str:
    if piece["many"]:
        return "[^/]*"
    if piece["one"]:
        return "[^/]"
    if piece["plain"]:
        return re.escape(piece["plain"][-1])
    # A range whose last character comes before its first holds nothing; so may the whole set.
    ends = [(one["first"][-1], (one["last"] or one["first"])[-1]) for one in _RANGE.finditer(piece["set"])]
    body = "".join(f"{re.escape(first)}-{re.escape(last)}" for first, last in ends if first <= last)
    if piece["not"]:
        return f"[^{body}]" if body else "."
    return f"[{body}]" if body else "(?!)"
