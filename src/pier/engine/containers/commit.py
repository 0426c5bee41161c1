"""`docker commit`: an image of a container's files and configuration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from pier.dockerfile.change import apply_changes
from pier.domain.container import Config, Container, Status
from pier.domain.errors import Conflict, InvalidArgument, PierError
from pier.domain.mount import FilesystemMount
from pier.domain.reference import Reference, parse_new_name
from pier.engine.containers.lifecycle import Lifecycle
from pier.engine.containers.merge import merge_config
from pier.engine.containers.telling import tell
from pier.engine.context import Context
from pier.engine.images.derive import Derivation
from pier.engine.images.images import Images


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRequest:
    """`config`, where given, stands above the container's; `changes` are instructions of a Dockerfile."""

    container: str
    repository: str = ""
    tag: str = ""
    comment: str = ""
    author: str = ""
    pause: bool = True
    changes: tuple[str, ...] = ()
    config: Config | None = field(default=None)


class Committing:
    def __init__(self, context: Context, images: Images, lifecycle: Lifecycle) -> None:
        self._context = context
        self._images = images
        self._lifecycle = lifecycle

    async def commit(self, request: CommitRequest) -> str:
        """The new image's id. Raises NotFound, InvalidArgument for a bad name or change, Conflict."""
        if not request.container:
            raise InvalidArgument('invalid name or ID supplied: ""')
        container = self._context.memory.container(request.container)
        self._require_lasting(container)
        name = _parse_name(request)
        config = apply_changes(request.config or container.config, request.changes)
        config = merge_config(config, container.config)
        base = await self._images.get(container.image_id)
        async with self._lasting(container), self._paused(container, request.pause):
            mounts = await self._context.ports.snapshots.mounts(container.id)
            image = await self._images.derive(
                Derivation(
                    base=base,
                    below=await self._context.ports.snapshots.parent(container.id),
                    layers=tuple(map(without_upper, mounts)),
                    config=config,
                    created_by=" ".join((container.path, *container.args)),
                    author=request.author,
                    comment=request.comment,
                    name=name,
                )
            )
            await self._publish(container, request, image.id, name)
        return image.id

    def _require_lasting(self, container: Container) -> None:
        now = self._context.memory.containers.get(container.id)
        if now is None or now.state.status in (Status.REMOVING, Status.DEAD):
            raise Conflict(f"You cannot commit container {container.id} which is being removed")

    @asynccontextmanager
    async def _lasting(self, container: Container) -> AsyncIterator[None]:
        """What cannot be read of its layer because that is taken away meanwhile: Conflict."""
        try:
            yield
        except PierError:
            self._require_lasting(container)
            raise

    @asynccontextmanager
    async def _paused(self, container: Container, wanted: bool) -> AsyncIterator[None]:
        """Frozen for the time, unless it does not run or is frozen already."""
        if not wanted or container.state.status is not Status.RUNNING:
            yield
            return
        paused = False
        with suppress(Conflict):  # it has ended, or somebody else was faster
            await self._lifecycle.pause(container.id)
            paused = True
        try:
            yield
        finally:
            if paused:
                with suppress(PierError):  # it was killed meanwhile, or somebody else was faster
                    await self._lifecycle.unpause(container.id)

    async def _publish(
        self, container: Container, request: CommitRequest, image_id: str, name: Reference | None
    ) -> None:
        ref = name.familiar if name else ""
        await tell(self._context, container, "commit", comment=request.comment, imageID=image_id, imageRef=ref)


def _parse_name(request: CommitRequest) -> Reference | None:
    """None for an image without a name. Raises InvalidArgument."""
    if not request.repository:
        return None
    return parse_new_name(request.repository, request.tag)


def without_upper(mount: FilesystemMount) -> FilesystemMount:
    """The same files to be read only: the writable layer of an overlay becomes the topmost of the read-only ones.

    The layer is mounted by the container's shim, and must not be by anybody else.
    """
    if mount.type != "overlay":
        return replace(mount, options=(*(option for option in mount.options if option != "rw"), "ro"))
    given = dict(option.partition("=")[::2] for option in mount.options)
    if "upperdir" not in given:
        return mount
    kept = (option for option in mount.options if not option.startswith(("upperdir=", "workdir=", "lowerdir=")))
    return replace(mount, options=(*kept, f"lowerdir={given['upperdir']}:{given['lowerdir']}", "ro"))
