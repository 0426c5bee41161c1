"""Writing to registries (OCI distribution-spec, "Push"): blobs, mounted or sent, and manifests."""

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.image import Descriptor
from pier.domain.registry import BlobPush, BlobSource
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


async def send_blob(
    talk: Conversation, endpoint: Endpoint, repository: str, blob: BlobSource, sources: Sequence[str]
) -> BlobPush:
    """Asks whether the blob is there, then whether it can be mounted, where it is known what it is; then sends it."""
    candidate = blob.candidate
    upload = _Upload(talk, endpoint, repository)
    if candidate is not None:
        what = f"blobs/{candidate.digest}"
        ask = _push(method="HEAD", repository=repository, what=what, sources=sources, accepted=(200, 404))
        async with talk.ask(ask, [endpoint]) as response:
            if response.status == 200:
                return BlobPush(digest=candidate.digest, size=candidate.size, existed=True)
        source = await upload.mount(candidate.digest, sources)
        if source:
            return BlobPush(digest=candidate.digest, size=candidate.size, mounted_from=source)
    return await upload.send(blob)


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

    def __init__(self, talk: Conversation, endpoint: Endpoint, repository: str) -> None:
        self._talk = talk
        self._endpoint = endpoint
        self._repository = repository
        self._url = ""
        self._offset = 0  # bytes the registry has

    async def mount(self, digest: str, sources: Sequence[str]) -> str:
        """The one of the sources from which the registry has taken the blob; "" for none."""
        for source in sources[:_MOUNTS]:
            query = urlencode({"mount": digest, "from": source})
            if await self._open(f"blobs/uploads/?{query}", sources):
                return source
        return ""

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

    async def send(self, blob: BlobSource) -> BlobPush:
        """All of the blob; what breaks off goes on where the registry says it got to."""
        if not self._url:  # a mount that is refused has opened one
            await self._open("blobs/uploads/", ())
        failures = 0
        while blob.size is None or self._offset < blob.size:
            before = self._offset
            try:
                await self._send_rest(blob)
            except (Unreachable, RegistryFailed):
                failures = 0 if await self._look() > before else failures + 1
                if failures >= _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE)
        joint = "&" if "?" in self._url else "?"
        url = f"{self._url}{joint}{urlencode({'digest': blob.digest})}"
        ask = _push(method="PUT", repository=self._repository, url=url, body=b"", accepted=(201, 204))
        async with self._talk.ask(ask, [self._endpoint]):
            return BlobPush(digest=blob.digest, size=self._offset)

    async def _send_rest(self, blob: BlobSource) -> None:
        """In one piece; in HTTP chunks where nobody knows how large it will be."""
        offset = self._offset
        headers = {"Content-Type": "application/octet-stream"}
        if blob.size is not None:
            headers["Content-Length"] = str(blob.size - offset)
            if offset:
                headers["Content-Range"] = f"{offset}-{blob.size - 1}"
        ask = _push(
            method="PATCH",
            repository=self._repository,
            url=self._url,
            headers=headers,
            body=lambda: blob.read(offset),
            accepted=(202,),
        )
        async with self._talk.ask(ask, [self._endpoint]) as response:
            self._follow(response)
        if blob.size is None:
            raise PierError(f"the registry took an upload of {self._repository} as complete before its end")
        self._offset = blob.size

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
            raise PierError(f"the registry gives no address to upload a blob of {self._repository} to")
        self._url = urljoin(str(response.url), location)
