"""The Volumes port of the engine: each call goes to the driver of its volume."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pier.domain.errors import NotFound, PierError
from pier.domain.volume import LOCAL, Volume
from pier.volumes.discovery import find_address, list_names
from pier.volumes.local import LocalVolumes
from pier.volumes.plugin import VolumePlugin

_log = logging.getLogger(__name__)


class Drivers:
    """`directories` are where plugins are looked for, each time anew: they come and go as they like."""

    def __init__(self, local: LocalVolumes, directories: Sequence[Path] = ()) -> None:
        self._local = local
        self._directories = tuple(directories)
        self._plugins: dict[str, VolumePlugin] = {}  # those that have shaken hands

    async def start(self, volumes: Sequence[Volume], users: Mapping[str, Collection[str]]) -> None:
        """Takes over what is mounted for running containers, whose ids are given by the names of volumes."""
        await self._local.start([one for one in volumes if one.driver == LOCAL], users)

    async def names(self) -> list[str]:
        """All drivers there are."""
        return sorted({LOCAL, *await asyncio.to_thread(list_names, self._directories)})

    async def create(self, volume: Volume) -> Volume:
        """Makes it and fills in where it is. Raises NotFound for an unknown driver, InvalidArgument for options."""
        if volume.driver == LOCAL:
            return await self._local.create(volume)
        return await (await self._plugin(volume.driver)).create(volume)

    async def remove(self, volume: Volume) -> None:
        """Absent is no error for the local driver; a plugin may refuse."""
        if volume.driver == LOCAL:
            await self._local.remove(volume)
        else:
            await (await self._plugin(volume.driver)).remove(volume.name)

    async def undo_create(self, volume: Volume) -> None:
        """Of the local driver; a plugin keeps its own books."""
        await self._local.undo_create(volume)

    async def mount(self, volume: Volume, user: str) -> str:
        """Where its files are from now on, until `user` gives it back."""
        if volume.driver == LOCAL:
            return await self._local.mount(volume, user)
        return await (await self._plugin(volume.driver)).mount(volume.name, user)

    async def unmount(self, volume: Volume, user: str) -> None:
        if volume.driver == LOCAL:
            await self._local.unmount(volume, user)
        else:
            await (await self._plugin(volume.driver)).unmount(volume.name, user)

    async def find(self, name: str) -> Volume | None:
        """A volume that a plugin has and nobody told us of. Plugins that do not answer are passed over."""
        for found in await asyncio.gather(*(self._find(plugin, name) for plugin in await self._foreign())):
            if found is not None:
                return found
        return None

    async def is_lost(self, volume: Volume) -> bool:
        """Whether its plugin says that there is no such volume; one that does not answer has lost nothing."""
        if volume.driver == LOCAL:
            return False
        try:
            return await (await self._plugin(volume.driver)).get(volume.name) is None
        except PierError as error:
            _log.debug("volume plugin %s: %s", volume.driver, error.message)
            return False

    async def list_foreign(self) -> tuple[list[Volume], list[str]]:
        """All volumes that plugins have, and a sentence for each plugin that did not say."""
        answers = await asyncio.gather(*(self._list(name) for name in await self._foreign()))
        return [volume for volumes, _ in answers for volume in volumes], [text for _, text in answers if text]

    async def _list(self, driver: str) -> tuple[list[Volume], str]:
        try:
            return await (await self._plugin(driver)).list(), ""
        except NotFound:  # a plugin for something else
            return [], ""
        except PierError as error:
            return [], error.message

    async def is_empty(self, path: str) -> bool:
        return await self._local.is_empty(path)

    async def size(self, volume: Volume) -> int:
        """Bytes on disk; -1 where nobody can say: it lies elsewhere."""
        if volume.driver != LOCAL or volume.options:
            return -1
        return await self._local.size(volume)

    async def _find(self, driver: str, name: str) -> Volume | None:
        try:
            return await (await self._plugin(driver)).get(name)
        except PierError as error:
            _log.debug("volume plugin %s: %s", driver, error.message)
            return None

    async def _foreign(self) -> list[str]:
        return await asyncio.to_thread(list_names, self._directories)

    async def _plugin(self, name: str) -> VolumePlugin:
        address = await asyncio.to_thread(find_address, name, self._directories)
        if address is None:
            raise NotFound(f'error looking up volume plugin {name}: plugin "{name}" not found')
        known = self._plugins.get(name)
        if known is None or known.address != address:
            known = VolumePlugin(name, address)
            await known.activate()
            self._plugins[name] = known
        return known
