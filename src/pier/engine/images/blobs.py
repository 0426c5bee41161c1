"""Small blobs that are in memory."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping

from pier.domain.image import Descriptor
from pier.engine.ports import Content


async def store_bytes(content: Content, data: bytes, labels: Mapping[str, str] | None = None) -> Descriptor:
    """Puts a small blob that is in memory into the content store."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

    async def once() -> AsyncIterator[bytes]:
        yield data

    ref = f"bytes-{secrets.token_hex(8)}"
    return await content.write(ref, once(), expected=digest, size=len(data), labels=labels)
