"""Everything that can be asked of containers, as the API calls it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from pier.domain.archive import FileChange
from pier.domain.container import Container
from pier.domain.errors import NotFound
from pier.domain.filters import Filters
from pier.domain.record import Put
from pier.engine.containers import links, logs, usage
from pier.engine.containers.archive import Archiving
from pier.engine.containers.attach import Attaching, Attachment, AttachOptions
from pier.engine.containers.changes import find_changes
from pier.engine.containers.commit import CommitRequest, Committing
from pier.engine.containers.create import CreateRequest, Creation
from pier.engine.containers.inspect import Inspection
from pier.engine.containers.lifecycle import Lifecycle
from pier.engine.containers.listing import ContainerSummary, Listing
from pier.engine.containers.logs import LogOptions
from pier.engine.containers.remove import Removal
from pier.engine.containers.roots import Roots
from pier.engine.containers.telling import tell
from pier.engine.containers.update import UpdateRequest, Updating
from pier.engine.containers.usage import StatsSample
from pier.engine.containers.wait import Wait, wait
from pier.engine.context import Context
from pier.engine.ports import LogLine


class Containers:
    """One method a verb; the work is done in the module of that verb."""

    def __init__(
        self,
        context: Context,
        creation: Creation,
        lifecycle: Lifecycle,
        removal: Removal,
        inspection: Inspection,
        listing: Listing,
        committing: Committing,
    ) -> None:
        self._context = context
        self._creation = creation
        self._removal = removal
        self._attaching = Attaching(context)
        self._committing = committing
        self._updating = Updating(context)
        archiving = Archiving(context, Roots(context))
        self.stat_path = archiving.stat
        self.fetch = archiving.fetch
        self.extract = archiving.extract
        self.export = archiving.export
        self.start = lifecycle.start
        self.stop = lifecycle.stop
        self.restart = lifecycle.restart
        self.kill = lifecycle.kill
        self.pause = lifecycle.pause
        self.unpause = lifecycle.unpause
        self.rename = lifecycle.rename
        self.inspect = inspection.inspect
        self.prune = removal.prune
        self._listing = listing

    async def create(self, request: CreateRequest) -> tuple[str, list[str]]:
        return await self._context.jobs.finish(self._creation.create(request), f"create {request.name}")

    async def remove(self, ref: str, *, volumes: bool = False, force: bool = False, link: bool = False) -> None:
        """With `link` it is the link `web/alias` that goes, not a container."""
        if link:
            await self._context.jobs.finish(self._remove_link(ref), f"remove link {ref}")
            return
        await self._removal.remove(ref, volumes=volumes, force=force)

    async def _remove_link(self, ref: str) -> None:
        owner, _ = links.split_name(self._context, ref)
        async with self._context.live.lock(owner.id):
            owner, gone = links.split_name(self._context, ref)
            owner = replace(owner, links=tuple(link for link in owner.links if link != gone))
            await self._context.memory.commit(Put(owner), durable=True)
            await links.forget(self._context, owner, gone)

    def get(self, ref: str) -> Container:
        return self._context.memory.container(ref)

    async def wait(self, ref: str, condition: str) -> Wait:
        return await wait(self._context, ref, condition)

    async def attach(self, ref: str, options: AttachOptions) -> Attachment:
        return await self._attaching.attach(ref, options)

    async def logs(self, ref: str, options: LogOptions) -> tuple[bool, AsyncIterator[Sequence[LogLine]]]:
        return logs.read_logs(self._context, ref, options)

    async def resize(self, ref: str, height: int, width: int) -> None:
        """Raises Conflict unless it runs."""
        container = self._context.memory.container(ref)
        container.require_running()
        try:
            await self._context.ports.tasks.resize(container.id, width=width, height=height)
        except NotFound:
            container.require_running()
        await tell(self._context, container, "resize", height=str(height), width=str(width))

    async def top(self, ref: str, ps_args: str) -> tuple[list[str], list[list[str]]]:
        return await usage.top(self._context, ref, ps_args)

    async def stats(self, ref: str) -> StatsSample:
        return await usage.stats(self._context, ref)

    async def list(
        self, *, all: bool = False, limit: int = 0, filters: Filters | None = None, size: bool = False
    ) -> "list[ContainerSummary]":
        return await self._listing.list(all=all, limit=limit, filters=filters, size=size)

    async def changes(self, ref: str) -> Sequence[FileChange]:
        return await find_changes(self._context, ref)

    async def commit(self, request: CommitRequest) -> str:
        """Goes on when the caller leaves: a container must not stay paused, nor half an image."""
        return await self._context.jobs.finish(self._committing.commit(request), f"commit {request.container}")

    async def update(self, ref: str, request: UpdateRequest) -> Sequence[str]:
        return await self._context.jobs.finish(self._updating.update(ref, request), f"update {ref}")
