"""A registry in memory: fits the engine's port."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from support.images import OciImage

from pier.domain.errors import NotFound, PierError
from pier.domain.image import MEDIA_TYPE_OCI_INDEX, MEDIA_TYPE_OCI_MANIFEST, Descriptor
from pier.domain.registry import RegistryAuth

_CHUNK = 1 << 16


@dataclass
class FakeRegistry:
    """`fetched` lists what was sent, in order. `failures[digest]` is raised after the first piece of that blob."""

    manifests: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    failures: dict[str, PierError] = field(default_factory=dict)
    auths: list[RegistryAuth] = field(default_factory=list)

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

    async def tags(self, repository: str) -> list[str]:
        return [name for name in self._registry.manifests.get(repository, {}) if ":" not in name]
