"""The filters of `docker images`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pier.domain.filters import Filters
from pier.domain.image import Image
from pier.domain.reference import Reference, parse
from pier.engine.images.store import ImageStore, is_dangling
from pier.engine.until import parse_until

KEYS = ("before", "dangling", "label", "label!", "reference", "since", "until")


async def filter_images(store: ImageStore, images: Sequence[Image], filters: Filters, now: int) -> list[Image]:
    """Those that pass; with a `reference` filter an image shows only the names that match.

    Raises InvalidArgument for an unknown filter or a bad value, NotFound for an image that `before` or `since` names.
    """
    filters.require_known(KEYS)
    dangling = filters.flag("dangling", False) if "dangling" in filters else None
    after = max([(await store.get(ref)).created_at for ref in filters.get("since")], default=None)
    before = min([(await store.get(ref)).created_at for ref in filters.get("before")], default=None)
    until = parse_until(filters, now)
    found = []
    for image in images:
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
        if (named := _by_reference(image, filters)) is not None:
            found.append(named)
    return found


def _by_reference(image: Image, filters: Filters) -> Image | None:
    patterns = [_pattern(text) for text in filters.get("reference")]
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


def _pattern(text: str) -> re.Pattern[str]:
    """A shell pattern over names, in which `*` and `?` stop at slashes, as in Go's path.Match."""
    parts = []
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "*":
            parts.append("[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "[" and (end := text.find("]", position + 1)) > 0:
            body = text[position:end].replace("\\", "\\\\")
            parts.append(f"[{'^' + body[1:] if body[0] in '!^' else body}]")
            position = end + 1
        else:
            parts.append(re.escape(char))
    return re.compile("".join(parts))
