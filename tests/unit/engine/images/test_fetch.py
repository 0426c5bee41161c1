"""Fetching layers."""

from collections.abc import AsyncIterator

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.image import Descriptor
from pier.engine.images.fetch import read_all

BLOB = Descriptor(media_type="", digest="sha256:" + "0" * 64, size=4)


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_small_blob_is_read_whole() -> None:
    assert await read_all(_pieces(b"ab", b"cd"), BLOB) == b"abcd"


async def test_more_than_announced_is_refused_before_it_is_kept() -> None:
    with pytest.raises(InvalidArgument, match="more than the 4 bytes"):
        await read_all(_pieces(b"abc", b"def"), BLOB)
