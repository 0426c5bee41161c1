"""Writing to registries (OCI distribution-spec, "Push"): blobs, mounted or sent, and manifests."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlencode, urljoin

from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.image import Descriptor
from pier.domain.registry import BlobPush
from pier.registry.conversation import Ask, Conversation
from pier.registry.endpoints import Endpoint
from pier.registry.errors import RegistryFailed
from pier.registry.transport import Unreachable

if TYPE_CHECKING:
    import aiohttp

_ATTEMPTS = 5  # in a row without a byte of progress
_PAUSE = 1.0  # seconds
_MOUNTS = 2  # tries: each that is refused leaves an upload open at the registry
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")

_push = partial(Ask, pushes=True)

ReadFrom: TypeAlias = Callable[[int], AsyncIterator[bytes]]
"""The blob's bytes from an offset on."""


async def send_blob(
    talk: Conversation,
    endpoint: Endpoint,
    repository: str,
    blob: Descriptor,
    read: ReadFrom,
    sources: Sequence[str],
) -> BlobPush:
    """Asks whether the blob is there, then whether it can be mounted, then sends it."""
    ask = _push(method="HEAD", repository=repository, what=f"blobs/{blob.digest}", sources=sources, accepted=(200, 404))
    async with talk.ask(ask, [endpoint]) as response:
        if response.status == 200:
            return BlobPush(existed=True)
    upload = await _Upload.begin(talk, endpoint, repository, blob, sources)
    if isinstance(upload, BlobPush):
        return upload
    await upload.send(read)
    return BlobPush()


async def put_manifest(
    talk: Conversation, endpoint: Endpoint, repository: str, reference: str, manifest: Descriptor, document: bytes
) -> None:
    """Raises InvalidArgument when the registry has stored something else."""
    ask = _push(
        method="PUT",
        repository=repository,
        what=f"manifests/{reference}",
        headers={"Content-Type": manifest.media_type},
        body=document,
        reference=reference,
        accepted=(201,),
    )
    async with talk.ask(ask, [endpoint]) as response:
        stored = response.headers.get("Docker-Content-Digest", manifest.digest)
    if stored != manifest.digest:
        raise InvalidArgument(f"the registry stored {stored} instead of the manifest {manifest.digest} of {repository}")


class _Upload:
    """One blob on its way to a registry, at the address that the registry gave it."""

    def __init__(self, talk: Conversation, endpoint: Endpoint, repository: str, blob: Descriptor) -> None:
        self._talk = talk
        self._endpoint = endpoint
        self._repository = repository
        self._blob = blob
        self._url = ""
        self._offset = 0  # bytes the registry has

    @classmethod
    async def begin(
        cls, talk: Conversation, endpoint: Endpoint, repository: str, blob: Descriptor, sources: Sequence[str]
    ) -> "_Upload | BlobPush":
        """An upload, unless the registry can take the blob from one of the sources."""
        upload = cls(talk, endpoint, repository, blob)
        for source in sources[:_MOUNTS]:
            query = urlencode({"mount": blob.digest, "from": source})
            if await upload._open(f"blobs/uploads/?{query}", sources):
                return BlobPush(mounted_from=source)
        if not upload._url:  # a mount that is refused has opened one
            await upload._open("blobs/uploads/", ())
        return upload

    async def _open(self, what: str, sources: Sequence[str]) -> bool:
        """Whether the blob was mounted instead."""
        ask = _push(
            method="POST", repository=self._repository, what=what, sources=sources, body=b"", accepted=(201, 202)
        )
        async with self._talk.ask(ask, [self._endpoint]) as response:
            if response.status == 201:
                return True
            self._follow(response)
            self._offset = 0
        return False

    async def send(self, read: ReadFrom) -> None:
        """All of the blob; what breaks off goes on where the registry says it got to."""
        failures = 0
        while self._offset < self._blob.size:
            before = self._offset
            try:
                await self._send_rest(read)
            except (Unreachable, RegistryFailed):
                failures = 0 if await self._look() > before else failures + 1
                if failures >= _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE)
        joint = "&" if "?" in self._url else "?"
        url = f"{self._url}{joint}{urlencode({'digest': self._blob.digest})}"
        ask = _push(method="PUT", repository=self._repository, url=url, body=b"", accepted=(201, 204))
        async with self._talk.ask(ask, [self._endpoint]):
            return

    async def _send_rest(self, read: ReadFrom) -> None:
        offset, size = self._offset, self._blob.size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size - offset)}
        if offset:
            headers["Content-Range"] = f"{offset}-{size - 1}"
        ask = _push(
            method="PATCH",
            repository=self._repository,
            url=self._url,
            headers=headers,
            body=lambda: read(offset),
            accepted=(202,),
        )
        async with self._talk.ask(ask, [self._endpoint]) as response:
            self._follow(response)
        self._offset = size

    async def _look(self) -> int:
        """How far the registry got, after something broke; from the start where it does not know (any more)."""
        ask = _push(method="GET", repository=self._repository, url=self._url, accepted=(204,))
        try:
            async with self._talk.ask(ask, [self._endpoint]) as response:
                known = _RANGE.fullmatch(response.headers.get("Range", ""))
                self._follow(response)
                self._offset = int(known[1]) + 1 if known and known[1] != "0" else 0
        except NotFound:
            await self._open("blobs/uploads/", ())
        return self._offset

    def _follow(self, response: "aiohttp.ClientResponse") -> None:
        location = response.headers.get("Location", "")
        if not location and not self._url:
            raise PierError(f"the registry gives no address to upload {self._blob.digest} of {self._repository} to")
        self._url = urljoin(str(response.url), location)
