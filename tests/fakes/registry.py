"""A registry in memory: fits the engine's port."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from support.images import OciImage

from pier.domain.errors import NotFound, PierError, Unauthenticated
from pier.domain.image import MEDIA_TYPE_OCI_INDEX, MEDIA_TYPE_OCI_MANIFEST, Descriptor
from pier.domain.registry import BlobPush, BlobSource, RegistryAuth, SearchResult

_CHUNK = 1 << 16


@dataclass
class FakeRegistry:
    """`fetched` lists what was sent, in order. `failures[digest]` is raised after the first piece of that blob."""

    manifests: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    failures: dict[str, PierError] = field(default_factory=dict)
    auths: list[RegistryAuth] = field(default_factory=list)
    holdings: dict[str, set[str]] = field(default_factory=dict)  # blobs that a repository was pushed
    sent: list[str] = field(default_factory=list)
    searches: list[tuple[str, str, int]] = field(default_factory=list)
    found: list[SearchResult] = field(default_factory=list)

    def push(self, repository: str, tag: str, image: OciImage) -> str:
        """Puts an image under a tag; the digest of its manifest."""
        self.blobs |= image.blobs
        return self._add(repository, tag, MEDIA_TYPE_OCI_MANIFEST, image.manifest)

    def push_index(self, repository: str, tag: str, index: bytes, images: Mapping[str, OciImage]) -> str:
        for image in images.values():
            self.blobs |= image.blobs
            self._add(repository, "", MEDIA_TYPE_OCI_MANIFEST, image.manifest)
        return self._add(repository, tag, MEDIA_TYPE_OCI_INDEX, index)

    def _add(self, repository: str, tag: str, media_type: str, document: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
        known = self.manifests.setdefault(repository, {})
        known[digest] = (media_type, document)
        if tag:
            known[tag] = (media_type, document)
        return digest

    def session(self, auth: RegistryAuth) -> "FakeSession":
        self.auths.append(auth)
        return FakeSession(self)

    async def login(self, domain: str, auth: RegistryAuth) -> str:
        """Takes any password but "wrong"; a user named `token` gets an identity token."""
        if auth.password == "wrong":
            raise Unauthenticated(f"login attempt to https://{domain}/v2/ failed with status: 401 Unauthorized")
        self.auths.append(auth)
        return "identity" if auth.username == "token" else ""

    async def download(self, url: str) -> AsyncIterator[bytes]:
        """From `blobs`, by address."""
        if url not in self.blobs:
            raise PierError(f"cannot fetch {url}: HTTP status 404")
        yield self.blobs[url]

    async def close(self) -> None:
        """Nothing is open."""


class FakeSession:
    def __init__(self, registry: FakeRegistry) -> None:
        self._registry = registry

    async def head(self, repository: str, reference: str) -> Descriptor | None:
        try:
            return (await self._find(repository, reference))[0]
        except NotFound:
            return None

    async def resolve(self, repository: str, reference: str) -> tuple[Descriptor, bytes]:
        descriptor, document = await self._find(repository, reference)
        self._registry.fetched.append(descriptor.digest)
        return descriptor, document

    async def _find(self, repository: str, reference: str) -> tuple[Descriptor, bytes]:
        try:
            media_type, document = self._registry.manifests[repository][reference]
        except KeyError:
            raise NotFound(f"manifest for {repository}:{reference} not found: manifest unknown") from None
        digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
        return Descriptor(media_type=media_type, digest=digest, size=len(document)), document

    async def blob(self, repository: str, descriptor: Descriptor, *, offset: int = 0) -> AsyncIterator[bytes]:
        data = self._registry.blobs[descriptor.digest]
        self._registry.fetched.append(descriptor.digest)
        for start in range(offset, len(data), _CHUNK):
            yield data[start : start + _CHUNK]
            if (failure := self._registry.failures.pop(descriptor.digest, None)) is not None:
                raise failure

    async def search(self, domain: str, term: str, limit: int) -> list[SearchResult]:
        self._registry.searches.append((domain, term, limit))
        return self._registry.found

    async def push_blob(self, repository: str, blob: BlobSource, *, sources: Sequence[str] = ()) -> BlobPush:
        domain = repository.partition("/")[0]
        holdings = self._registry.holdings
        mine = holdings.setdefault(repository, set())
        if (candidate := blob.candidate) is not None:
            digest, size = candidate.digest, candidate.size
            if digest in mine:
                return BlobPush(digest=digest, size=size, existed=True)
            for source in sources:
                if digest in holdings.get(f"{domain}/{source}", ()):
                    mine.add(digest)
                    return BlobPush(digest=digest, size=size, mounted_from=source)
        data = b"".join([chunk async for chunk in blob.read(0)])
        if (failure := self._registry.failures.pop(blob.digest, None)) is not None:
            raise failure
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == blob.digest
        assert len(data) == blob.size
        self._registry.blobs[blob.digest] = data
        self._registry.sent.append(blob.digest)
        mine.add(blob.digest)
        return BlobPush(digest=blob.digest, size=len(data))

    async def push_manifest(self, repository: str, reference: str, manifest: Descriptor, document: bytes) -> None:
        known = self._registry.manifests.setdefault(repository, {})
        named = json.loads(document)
        children = [child["digest"] for child in named.get("manifests", ())]
        blobs = [blob["digest"] for blob in [*named.get("layers", ()), named.get("config")] if blob]
        assert all(child in known for child in children)
        assert all(blob in self._registry.holdings[repository] for blob in blobs)
        known[reference] = known[manifest.digest] = manifest.media_type, document

    async def tags(self, repository: str) -> list[str]:
        return [name for name in self._registry.manifests.get(repository, {}) if ":" not in name]
