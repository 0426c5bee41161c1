"""Use cases of named volumes."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from pier.domain import ids
from pier.domain.container import Container
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.filters import Filters
from pier.domain.record import Change, Drop, Intent, Put
from pier.domain.volume import ANONYMOUS_LABEL, LOCAL, Volume
from pier.engine.context import Context
from pier.engine.images.locks import KeyedLocks

_log = logging.getLogger(__name__)
_FILTERS = ("dangling", "driver", "label", "label!", "name")
# Kinds of intents: the directory of a local volume comes before its record; its record goes before its content.
CREATION, REMOVAL = INTENTS = ("create volume", "remove volume")
_log = logging.getLogger(__name__)


class Volumes:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._locks = KeyedLocks()
        self._claims: Counter[str] = Counter()  # by containers that are being made

    def _matches(self, volume: Volume, filters: Filters) -> bool:
        if "dangling" in filters and filters.flag("dangling", False) == bool(self.users(volume.name)):
            return False
        if "driver" in filters and volume.driver not in filters.get("driver"):
            return False
        if not filters.match_text("name", volume.name):
            return False
        return filters.match_labels(volume.labels) and filters.match_absent_labels(volume.labels)

    def get(self, name: str) -> Volume:
        return self._context.memory.volume(name)

    async def inspect(self, name: str) -> Volume:
        """Also one that only a plugin knows, and of a plugin's what it says now. Raises NotFound."""
        known = self._context.memory.volumes.get(name)
        if known is not None and known.driver == LOCAL:
            return known
        found = await self._context.ports.volumes.find(name)
        if known is None:
            return found or self.get(name)
        if found is None or found.driver != known.driver:
            return known
        return replace(known, mountpoint=found.mountpoint or known.mountpoint, status=found.status)

    def users(self, name: str) -> list[Container]:
        """The containers, stopped ones too, that mount this volume."""
        return [
            container
            for container in self._context.memory.containers.values()
            if any(point.type == "volume" and point.name == name for point in container.mount_points)
        ]

    @contextmanager
    def claimed(self, names: Iterable[str]) -> Iterator[None]:
        """Keeps these volumes, there already or not, from removal until the container that mounts them is recorded."""
        claims = Counter(names)
        self._claims.update(claims)
        try:
            yield
        finally:
            self._claims -= claims  # drops what comes to zero

    def _is_free(self, name: str, *, besides: str = "", claims: int = 0) -> bool:
        """No container mounts it or is about to, but perhaps the one with the id `besides`, and who holds `claims`."""
        return self._claims[name] <= claims and all(user.id == besides for user in self.users(name))

    async def create(
        self,
        name: str = "",
        *,
        driver: str = "",
        options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Volume:
        """Makes a volume, or answers the one that has this name already. No name: an anonymous one."""
        if name and not ids.is_valid_name(name):
            raise InvalidArgument(
                f'create {name}: "{name}" includes invalid characters for a local volume name, '
                f'only "{ids.NAME_RULE}" are allowed. If you intended to pass a host directory, use absolute path'
            )
        labels = dict(labels or {})
        if not name:
            name = ids.new_id()
            labels[ANONYMOUS_LABEL] = ""
        volume, _ = await self.ensure(name, driver=driver, labels=labels, options=options or {})
        return volume

    async def ensure(
        self, name: str, *, driver: str = "", labels: Mapping[str, str], options: Mapping[str, str]
    ) -> tuple[Volume, bool]:
        """The volume of this name, and whether it was made now.

        One that its plugin has lost, behind our back, and that no container mounts makes room for it. Raises Conflict
        when another driver has one of this name, NotFound for a driver, InvalidArgument for options.
        """
        memory = self._context.memory
        async with self._locks.hold(name):
            known = memory.volumes.get(name)
            if known is not None and not self.users(name) and await self._context.ports.volumes.is_lost(known):
                await memory.commit(Drop(known), durable=True)
                known = None
            if known is not None and driver and known.driver != driver:
                raise Conflict(f"create {name}: conflict: volume name must be unique: driver {known.driver} has it")
            if known is not None:
                return known, False
            if (unfinished := memory.intents.get(f"{REMOVAL} {name}")) is not None:
                await self._remove_content(unfinished)
            asked = Volume(
                name=name, driver=driver or LOCAL, labels=labels, options=options, created_at=memory.clock.now()
            )
            return await self._make(asked), True

    async def _make(self, asked: Volume) -> Volume:
        memory, name = self._context.memory, asked.name
        intent = Intent(id=f"{CREATION} {name}", kind=CREATION, subject=name, details=asked.options)
        intents = [intent] if asked.driver == LOCAL else []
        if intents:
            await memory.commit(*map(Put, intents))
        try:
            volume = await self._context.ports.volumes.create(asked)
        except PierError as error:
            await memory.commit(*map(Drop, intents))
            if isinstance(error, NotFound):
                raise NotFound(f"create {name}: {error.message}") from error
            raise
        created = memory.event("volume", "create", name, {"driver": volume.driver})
        await memory.commit(Put(volume), *map(Drop, intents), created, durable=True)
        return volume

    async def give_back(self, volume: Volume) -> None:
        """Undoes an `ensure` that made it, under one's own claim, unless somebody else has come to use it."""
        await self.drop(volume, claims=1)

    async def drop(self, volume: Volume, *, force: bool = False, besides: str = "", claims: int = 0) -> bool:
        """Removes a volume with its content; False when somebody else has, or has come to use it.

        The container `besides` and who holds as many `claims` do not count. A plugin may refuse, so it is asked before
        the record goes; with `force` the record goes all the same.
        """
        memory = self._context.memory
        async with self._locks.hold(volume.name):
            known = memory.volumes.get(volume.name)
            is_another = known is not None and known.created_at != volume.created_at
            is_gone = known is None and volume.driver == LOCAL  # what only a plugin knows was never here
            if is_gone or is_another or not self._is_free(volume.name, besides=besides, claims=claims):
                return False
            if volume.driver != LOCAL:
                try:
                    await self._context.ports.volumes.remove(volume)
                except PierError:
                    if not force:
                        raise
            changes: list[Change] = [
                Drop(volume),
                memory.event("volume", "destroy", volume.name, {"driver": volume.driver}),
            ]
            if volume.driver != LOCAL:
                await memory.commit(*changes, durable=True)
                return True
            intent = Intent(id=f"{REMOVAL} {volume.name}", kind=REMOVAL, subject=volume.name, details=volume.options)
            await memory.commit(*changes, Put(intent), durable=True)
            await self._remove_content(intent)
            return True

    async def _remove_content(self, intent: Intent) -> None:
        """The end of a removal: who makes a volume of this name must not find what was in the one before."""
        await self._context.ports.volumes.remove(Volume(name=intent.subject, options=intent.details))
        await self._context.memory.commit(Drop(intent))

    async def _undo_creation(self, intent: Intent) -> None:
        """Nobody was told of a volume, so there is none."""
        await self._context.ports.volumes.undo_create(Volume(name=intent.subject, options=intent.details))
        await self._context.memory.commit(Drop(intent))

    async def tidy(self) -> None:
        """Ends removals, and undoes creations, that were cut short by the end of an earlier pierd."""
        intents = self._context.memory.intents
        for intent in [item for item in intents.values() if item.kind in INTENTS]:
            async with self._locks.hold(intent.subject):  # whoever is at it now has ended it by then
                if intent.id not in intents:
                    continue
                try:
                    await (self._remove_content if intent.kind == REMOVAL else self._undo_creation)(intent)
                except PierError as error:
                    _log.warning("cannot %s %s to the end: %s", intent.kind, intent.subject, error.message)

    async def remove(self, name: str, *, force: bool = False) -> None:
        """Raises Conflict while a container mounts it; NotFound, unless forced."""
        if name not in self._context.memory.volumes and force:
            return
        volume = await self.inspect(name)
        self._require_free(name)
        if await self.drop(volume, force=force):
            return
        self._require_free(name)
        if not force:
            raise NotFound(f"get {name}: no such volume")  # somebody else was faster

    def _require_free(self, name: str) -> None:
        if users := self.users(name):
            holders = ", ".join(container.id for container in users)
            raise Conflict(f"remove {name}: volume is in use - [{holders}]")
        if not self._is_free(name):
            raise Conflict(f"remove {name}: volume is in use - [a container that is being created]")

    async def size(self, volume: Volume) -> int:
        """Bytes that its content takes on disk; -1 when it lies elsewhere."""
        return await self._context.ports.volumes.size(volume)

    async def prune(self, filters: Filters, *, every: bool = False) -> tuple[list[str], int]:
        """Removes unused anonymous volumes, with `every` or `all=true` the named ones too; names and bytes freed."""
        filters.require_known(("label", "label!", "all"))
        names: list[str] = []
        freed = 0
        every = filters.flag("all", False) or every
        for volume in list(self._context.memory.volumes.values()):
            if not self._is_free(volume.name) or not (every or ANONYMOUS_LABEL in volume.labels):
                continue
            if volume.driver != LOCAL or volume.options:  # what others hold is theirs to throw away
                continue
            if filters.match_labels(volume.labels) and filters.match_absent_labels(volume.labels):
                try:
                    size = await self.size(volume)
                    if await self.drop(volume):
                        freed += size
                        names.append(volume.name)
                except PierError as error:  # as with dockerd the others go all the same
                    _log.warning("volume %s cannot be pruned: %s", volume.name, error.message)
        memory = self._context.memory
        await memory.commit(memory.event("volume", "prune", "", {"reclaimed": str(freed)}))
        return names, freed

    async def list(self, filters: Filters) -> tuple[list[Volume], list[str]]:
        """By name, those that plugins have with them; and why some plugins did not say.

        Raises InvalidArgument for an unknown filter or a bad value.
        """
        filters.require_known(_FILTERS)
        filters.flag("dangling", False)  # refused also where there is no volume to ask it of
        foreign, warnings = await self._context.ports.volumes.list_foreign()
        known = {volume.name: volume for volume in foreign} | dict(self._context.memory.volumes)
        volumes = sorted(known.values(), key=lambda volume: volume.name)
        return [volume for volume in volumes if self._matches(volume, filters)], warnings
