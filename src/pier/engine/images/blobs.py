"""Small blobs that are in memory."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping

from pier.domain.errors import NotFound
from pier.domain.image import Descriptor
from pier.engine.ports import Content


async def store_bytes(content: Content, data: bytes, labels: Mapping[str, str] | None = None) -> Descriptor:
    """Puts a small blob that is in memory into the content store."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

    async def once() -> AsyncIterator[bytes]:
        yield data

    ref = f"bytes-{secrets.token_hex(8)}"
    return await content.write(ref, once(), expected=digest, size=len(data), labels=labels)


async def read_if_here(content: Content, digest: str, *, limit: int = 8 << 20) -> bytes | None:
    """A small blob; None where it is not here.

    One that nothing holds may be collected at any moment, so there is no looking before reading. Who needs it to stay
    stores what was read with `store_bytes`. Raises InvalidArgument where it is larger than `limit` bytes.
    """
    try:
        return await content.read(digest, limit=limit)
    except NotFound:
        return None
