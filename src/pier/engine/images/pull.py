"""`docker pull`: manifests, config and layers of an image from a registry, unpacked and named."""

import secrets
from dataclasses import replace

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import Descriptor, Platform
from pier.domain.reference import Reference, parse
from pier.domain.registry import Progress, RegistryAuth
from pier.engine.images.blobs import read_if_here, store_bytes
from pier.engine.images.downloads import Downloads
from pier.engine.images.fetch import Fetcher, Layers, read_all
from pier.engine.images.labels import config_labels, index_labels, manifest_labels
from pier.engine.images.plain import plain_form
from pier.engine.images.progress import Reporter
from pier.engine.images.tools import Tools
from pier.engine.ports import RegistrySession
from pier.oci.image import ImageConfig, Manifest, parse_image_config, parse_index, parse_manifest
from pier.oci.media_types import is_index
from pier.oci.platform import choose, format_platform, rank

_MAX_CONFIG = 8 << 20  # bytes
_MAX_DEPTH = 4


class Puller:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._fetcher = Fetcher(
            tools.content,
            Downloads(tools.content, tools.leases, tools.spawn, tools.downloads),
            tools.downloads,
        )

    async def pull(
        self, repository: str, reference: str, platform: Platform | None, auth: RegistryAuth, reporter: Reporter
    ) -> None:
        """`reference` is a tag or digest; empty: all tags, unless the repository carries one.

        Raises InvalidArgument for bad names and for content that is not what its digest says; NotFound,
        Unauthenticated, Unavailable and PierError as the registry answers.
        """
        session = self._tools.registry.session(auth)
        async with self._tools.leases.hold(f"pull-{secrets.token_hex(8)}"):
            for name in await self._names(session, repository, reference):
                await _Pull(self._tools, self._fetcher, session, name, platform, reporter).run()

    async def _names(self, session: RegistrySession, repository: str, reference: str) -> list[Reference]:
        name = parse(repository, default_tag="")
        if reference:
            return [name.with_digest(reference) if ":" in reference else name.with_tag(reference)]
        if name.tag or name.digest:
            return [replace(name, tag="") if name.digest else name]
        tags = await session.tags(name.repository)
        if not tags:
            raise NotFound(f"repository {name.familiar_repository} has no tags")
        return [name.with_tag(tag) for tag in tags]


class _Pull:
    """One image on its way."""

    def __init__(
        self,
        tools: Tools,
        fetcher: Fetcher,
        session: RegistrySession,
        name: Reference,
        platform: Platform | None,
        reporter: Reporter,
    ) -> None:
        self._tools = tools
        self._fetcher = fetcher
        self._content = tools.content
        self._store = tools.store
        self._session = session
        self._name = name
        self._wanted = platform
        self._platform = platform or tools.platform
        self._reporter = reporter

    async def run(self) -> None:
        """Manifests and config are stored first, with labels that point to what is still to come: so nothing of it
        can be collected once it is there, whoever brought it.
        """
        before = await self._store.target_of(self._name.canonical)
        reference = self._name.digest or self._name.tag
        target, document = await self._resolve(reference)
        await self._report(status=f"Pulling from {self._name.path}", id=reference)
        manifest = await self._manifest(target, document, 0)
        config, was_here = await self._config(manifest.config)
        layers = Layers(self._session, self._name.repository, manifest.layers, config.diff_ids, was_here)
        fetched = await self._fetcher.fetch(layers, self._tools.unpacker, self._reporter)
        self._store.forget(target)
        await self._assign(target)
        await self._report(status=f"Digest: {target.digest}")
        news = "Downloaded newer image" if fetched or before != target.digest else "Image is up to date"
        await self._report(status=f"Status: {news} for {self._name.familiar}")
        image = await self._store.read_target(target)
        attributes = dict(image.config.labels) | {"name": self._name.familiar_repository}
        await self._tools.publish("image", "pull", self._name.familiar, attributes)

    async def _resolve(self, reference: str) -> tuple[Descriptor, bytes]:
        """Asks what the name means now; fetches the document only if it is not here."""
        described = await self._session.head(self._name.repository, reference)
        if described is not None:
            document = await read_if_here(self._content, described.digest)
            if document is not None and len(document) == described.size:
                return described, document
        return await self._session.resolve(self._name.repository, described.digest if described else reference)

    async def _manifest(self, descriptor: Descriptor, document: bytes, depth: int) -> Manifest:
        """Stores the document and, of an index, the one manifest below it that is wanted."""
        if not is_index(descriptor.media_type):
            manifest = parse_manifest(document)
            await store_bytes(self._content, document, manifest_labels(manifest.config, manifest.layers))
            plain = await plain_form(self._content, descriptor)
            return manifest if plain is descriptor else parse_manifest(await self._content.read(plain.digest))
        child = choose(parse_index(document).manifests, self._platform)
        if child is None or depth >= _MAX_DEPTH:
            raise NotFound(
                f"no matching manifest for {format_platform(self._platform)} in the manifest list entries of "
                f"{self._name.familiar}"
            )
        await store_bytes(self._content, document, index_labels([child]))
        return await self._manifest(*await self._resolve_child(child), depth + 1)

    async def _resolve_child(self, child: Descriptor) -> tuple[Descriptor, bytes]:
        document = await read_if_here(self._content, child.digest)
        if document is not None and len(document) == child.size:
            return child, document
        found, document = await self._session.resolve(self._name.repository, child.digest)
        return found, document

    async def _config(self, descriptor: Descriptor) -> tuple[ImageConfig, bool]:
        """The config, stored, and whether it was before."""
        if descriptor.size > _MAX_CONFIG:
            raise InvalidArgument(f"the config of {self._name.familiar} is larger than {_MAX_CONFIG} bytes")
        here = await read_if_here(self._content, descriptor.digest, limit=_MAX_CONFIG)
        document = here or await read_all(self._session.blob(self._name.repository, descriptor), descriptor)
        config = parse_image_config(document)
        if self._wanted is not None and rank(config.platform, self._wanted) is None:
            raise NotFound(
                f"image with reference {self._name.familiar} was found but its platform "
                f"({format_platform(config.platform)}) does not match the specified platform "
                f"({format_platform(self._wanted)})"
            )
        labels = config_labels(self._tools.unpacker.snapshotter, config.chain_id)
        stored = await store_bytes(self._content, document, labels)
        if stored.digest != descriptor.digest:
            raise InvalidArgument(f"the registry sent {stored.digest} as the config {descriptor.digest}")
        return config, here is not None

    async def _assign(self, target: Descriptor) -> None:
        """`repo@digest` always, `repo:tag` when pulled by tag; where the target was found is no part of it."""
        bare = Descriptor(media_type=target.media_type, digest=target.digest, size=target.size)
        await self._store.assign(self._name.with_digest(target.digest).canonical, bare)
        if self._name.tag:
            await self._store.assign(self._name.canonical, bare)

    async def _report(self, *, status: str, id: str = "") -> None:
        await self._reporter.report(Progress(status=status, id=id))
