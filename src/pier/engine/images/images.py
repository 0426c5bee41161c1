"""Images as the API asks for them: each method hands over to the file of its verb."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.filters import Filters
from pier.domain.image import Image, Platform
from pier.domain.reference import Reference
from pier.domain.registry import Progress, RegistryAuth
from pier.engine.images.claims import Claims, ImageUser, InUse
from pier.engine.images.derive import Derivation, Deriver
from pier.engine.images.downloads import Spawn
from pier.engine.images.history import HistoryRow, read_history
from pier.engine.images.importing import Importer, ImportRequest
from pier.engine.images.listing import filter_images
from pier.engine.images.load import Loader
from pier.engine.images.neighbours import Neighbourhood
from pier.engine.images.progress import run_reporting
from pier.engine.images.prune import prune_images
from pier.engine.images.publish import Publish
from pier.engine.images.pull import Puller
from pier.engine.images.push import Pusher
from pier.engine.images.remove import Removed, Remover
from pier.engine.images.remove_platforms import PlatformRemover
from pier.engine.images.save import Saver
from pier.engine.images.store import ImageStore
from pier.engine.images.tag import tag_image
from pier.engine.images.tools import Tools
from pier.engine.images.unpack import Unpacker
from pier.engine.images.usage import DiskUsage, measure
from pier.engine.images.variants import Variant
from pier.engine.ports import Archives, Content, Diffs, ImageRecords, Leases, Neighbours, Registry, Snapshots


class Images:
    """Every use case of images."""

    def __init__(
        self,
        *,
        content: Content,
        image_records: ImageRecords,
        snapshots: Snapshots,
        diffs: Diffs,
        leases: Leases,
        registry: Registry,
        archives: Archives,
        publish: Publish,
        in_use: InUse,
        platform: Platform,
        neighbours: Neighbours,
        spawn: Spawn,
        image_namespaces: Sequence[str] = (),
        downloads: int = 3,
        uploads: int = 5,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        """`platform` is the host's; `in_use` tells the containers of an image id; `publish` records an event; images of
        `image_namespaces` are used without a pull; `downloads` and `uploads` are how many layers go at once.
        """
        self._store = ImageStore(content, image_records, snapshots, platform)
        unpacker = Unpacker(snapshots, diffs)
        tools = Tools(
            registry=registry,
            archives=archives,
            content=content,
            leases=leases,
            store=self._store,
            unpacker=unpacker,
            publish=publish,
            platform=platform,
            spawn=spawn,
            downloads=downloads,
            uploads=uploads,
        )
        self._tools = tools
        self._loader = Loader(tools)
        self._saver = Saver(tools)
        self._puller = Puller(tools)
        self._pusher = Pusher(tools)
        self._importer = Importer(tools, now)
        self._deriver = Deriver(
            content=content,
            snapshots=snapshots,
            diffs=diffs,
            leases=leases,
            store=self._store,
            unpacker=unpacker,
            publish=publish,
            now=now,
        )
        self._neighbourhood = Neighbourhood(tools, neighbours, image_namespaces)
        self._claims = Claims(in_use)
        self._remover = Remover(self._store, snapshots, self._claims, publish)
        self._platform_remover = PlatformRemover(tools, self._remover, self._claims)
        self._publish = publish
        self._now = now

    async def get(self, ref: str) -> Image:
        """By name, id, unique prefix of an id, or `name@digest`. Raises NotFound as `No such image: X:latest`.

        What only another namespace of containerd has is taken over first, where the configuration allows it.
        """
        try:
            return await self._store.get(ref)
        except NotFound:
            if not await self._neighbourhood.adopt(ref):
                raise
        return await self._store.get(ref)

    async def get_for(self, ref: str, platform: Platform) -> Image:
        """The same for another platform of its index. Raises NotFound."""
        await self.get(ref)
        return await self._store.get_for(ref, platform)

    async def variants(self, ref: str) -> "list[Variant]":
        """What its index lists, with how much of it is here. Raises NotFound."""
        return await self._store.variants((await self.get(ref)).id)

    def users(self, image_id: str) -> Sequence[ImageUser]:
        """The containers made from an image, those that are being made among them."""
        return self._claims.users(image_id)

    def claimed(self, ref: str, user: ImageUser) -> AbstractAsyncContextManager[Image]:
        """What `get` finds, kept from removal within the body for a container that is made of it. Raises NotFound."""
        return self._claims.claimed(self.get, ref, user)

    async def share(self, ref: str, namespace: str) -> None:
        """Makes an image known in another namespace of containerd. Raises NotFound, InvalidArgument, Conflict."""
        await self._neighbourhood.share(ref, namespace)

    async def unshare(self, ref: str, namespace: str) -> None:
        """Takes that back. Raises NotFound, Conflict."""
        await self._neighbourhood.unshare(ref, namespace)

    async def id_of(self, ref: str) -> str:
        """The id behind a reference, or "" where there is none (any more)."""
        try:
            return (await self._store.get(ref)).id
        except (NotFound, InvalidArgument):
            return ""

    def pull(
        self, repository: str, reference: str, *, platform: Platform | None = None, auth: RegistryAuth
    ) -> AsyncGenerator[Progress, None]:
        """Fetches what is missing of `repository` at a tag or digest (none: all tags), unpacks and names it.

        Errors before the first item: NotFound, Unauthenticated, InvalidArgument, PierError; later ones too.
        """
        return run_reporting(
            f"pull {repository}",
            lambda reporter: self._puller.pull(repository, reference, platform, auth, reporter),
        )

    def push(
        self, name: Reference, *, platform: Platform | None = None, auth: RegistryAuth
    ) -> AsyncGenerator[Progress, None]:
        """Gives the registry what it lacks of `name`; without a tag of all the repository's tags.

        Raises NotFound, Unauthenticated, PermissionDenied, PierError, after the first item.
        """
        return run_reporting(
            f"push {name.repository}", lambda reporter: self._pusher.push(name, platform, auth, reporter)
        )

    def import_(self, request: ImportRequest, body: AsyncIterator[bytes]) -> AsyncGenerator[Progress, None]:
        """Makes an image of an archive of files; its id is the one item. Raises InvalidArgument, PierError."""
        return run_reporting("import an image", lambda reporter: self._importer.run(request, body, reporter))

    def load(
        self, chunks: AsyncIterator[bytes], *, platform: Platform | None = None, quiet: bool = True
    ) -> AsyncGenerator[Progress, None]:
        """Reads an image archive to its end; yields a line for each name, and counts bytes unless quiet.

        Raises InvalidArgument for a bad one, NotFound when an image of it is not there for `platform`.
        """
        return run_reporting("load images", lambda reporter: self._loader.load(chunks, reporter, platform, quiet=quiet))

    def save(self, names: Sequence[str], *, platform: Platform | None = None) -> AsyncGenerator[bytes, None]:
        """A tar for `load`. Raises NotFound before its first chunk."""
        return self._saver.save(names, platform)

    async def remove(
        self, ref: str, *, force: bool = False, prune_parents: bool = True, platforms: Sequence[Platform] = ()
    ) -> Removed:
        """Takes a name away, and the image with its last one; with `platforms` only these of it.

        `prune_parents`: untagged images that it was made from go, too, with the last of their children. Raises
        NotFound, Conflict.
        """
        if platforms:
            return await self._platform_remover.remove(ref, platforms, force=force, prune_parents=prune_parents)
        return await self._remover.remove(ref, force=force, prune_parents=prune_parents)

    async def tag(self, ref: str, repository: str, tag: str) -> None:
        """Gives an image a further name. Raises NotFound, InvalidArgument."""
        async with self._claims.turn(self.get, ref):
            await tag_image(self._store, self._publish, ref, repository, tag)

    async def derive(self, wanted: Derivation) -> Image:
        """Makes an image of another one and a difference to it (`docker commit`)."""
        return await self._deriver.derive(wanted)

    async def history(self, ref: str, *, platform: Platform | None = None) -> "list[HistoryRow]":
        """Newest step first. Raises NotFound."""
        await self.get(ref)
        return await read_history(self._store, ref, platform)

    async def prune(self, filters: Filters) -> tuple[Removed, int]:
        """What went, and the bytes freed. Raises InvalidArgument."""
        return await prune_images(self._tools, self._remover, self._claims, filters, self._now())

    async def disk_usage(self) -> DiskUsage:
        """Sizes on disk, each layer counted once."""
        return await measure(self._store, self._claims.users)

    async def list(self, *, all: bool = False, filters: Filters | None = None) -> "list[Image]":
        """Newest first; `all`: also untagged ones that others were made from. Raises InvalidArgument."""
        images = await self._store.images()
        return await filter_images(self._store, images, filters or Filters(), self._now(), all=all)
