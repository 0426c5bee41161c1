"""Layers of one image from a registry: a few at a time, each unpacked as soon as those below it are."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pier.domain.errors import InvalidArgument
from pier.domain.ids import short
from pier.domain.image import Descriptor
from pier.domain.registry import Progress
from pier.engine.images.downloads import Downloads, Told
from pier.engine.images.labels import source_labels
from pier.engine.images.progress import Reporter
from pier.engine.images.unpack import Unpacker
from pier.engine.ports import Content, RegistrySession
from pier.engine.together import together

_HINT_SECONDS = 0.1  # between two counts of bytes for one layer


@dataclass(frozen=True, slots=True)
class Layers:
    """What is to be fetched, lowest first."""

    session: RegistrySession
    repository: str
    descriptors: Sequence[Descriptor]
    diff_ids: Sequence[str]
    is_known: bool  # the config that names them was here before


class Fetcher:
    def __init__(self, content: Content, downloads: Downloads, at_once: int) -> None:
        """`at_once` is how many layers come at the same time, for what is said about those that wait."""
        self._content = content
        self._downloads = downloads
        self._at_once = at_once

    async def fetch(self, layers: Layers, unpacker: Unpacker, reporter: Reporter) -> bool:
        """Brings all layers into the content store and unpacks them, under the caller's lease; whether any was missing.

        As with dockerd, nothing is said about the layers of an image that is here already, whatever its name was.
        Raises InvalidArgument when bytes are not what their digest says, and what the registry's errors mean.
        """
        unpacked = await unpacker.present(layers.diff_ids)
        here = [await self._content.size(layer.digest) is not None for layer in layers.descriptors]
        ready = [asyncio.Event() for _ in layers.descriptors]
        work = _Work(layers, reporter, unpacked, here, ready, self._at_once)
        if work.is_done and layers.is_known:
            return False
        await work.announce()
        if work.is_done:
            return False
        await together(
            *(self._download(work, number) for number in range(len(layers.descriptors))),
            unpacker.unpack(
                layers.descriptors,
                layers.diff_ids,
                ready=work.wait_for,
                started=work.extracting,
                finished=work.complete,
            ),
        )
        return True

    async def _download(self, work: "_Work", number: int) -> None:
        layer, repository = work.layers.descriptors[number], work.layers.repository
        if not work.here[number]:
            await self._downloads.bring(work.layers.session, repository, layer, work.counter(layer))
            await work.verifying(number)
        labels = source_labels(repository, await self._content.labels(layer.digest))
        await self._content.set_labels(layer.digest, labels)
        await work.downloaded(number)


@dataclass(slots=True)
class _Work:
    """The layers of one pull and what was said about them."""

    layers: Layers
    reporter: Reporter
    unpacked: int
    here: Sequence[bool]
    ready: Sequence[asyncio.Event]
    at_once: int

    @property
    def is_done(self) -> bool:
        return len(self.layers.diff_ids) == len(self.ready) and all(map(self._is_done, range(len(self.ready))))

    def _is_done(self, number: int) -> bool:
        return self.here[number] and number < self.unpacked

    async def announce(self) -> None:
        """A line for each layer, and a second one for those that have to wait for their turn."""
        missing = [number for number in range(len(self.ready)) if not self.here[number]]
        for number in range(len(self.ready)):
            await self._say(number, "Already exists" if self._is_done(number) else "Pulling fs layer")
        for number in missing[self.at_once :]:
            await self._say(number, "Waiting")

    def counter(self, layer: Descriptor) -> Told:
        """Tells how many bytes of a layer have come, now and then."""
        told = 0.0

        def count(done: int) -> None:
            nonlocal told
            if time.monotonic() - told >= _HINT_SECONDS:
                told = time.monotonic()
                self.reporter.hint(_line(layer, "Downloading", done))

        return count

    async def verifying(self, number: int) -> None:
        await self._say(number, "Verifying Checksum")

    async def downloaded(self, number: int) -> None:
        self.ready[number].set()
        if self._is_done(number):
            return
        await self._say(number, "Download complete")
        if number < self.unpacked:
            await self._say(number, "Pull complete")

    async def wait_for(self, number: int) -> None:
        await self.ready[number].wait()

    async def extracting(self, number: int) -> None:
        layer = self.layers.descriptors[number]
        await self.reporter.report(_line(layer, "Extracting", layer.size))

    async def complete(self, number: int) -> None:
        if number >= self.unpacked:
            await self._say(number, "Pull complete")

    async def _say(self, number: int, status: str) -> None:
        await self.reporter.report(_line(self.layers.descriptors[number], status))


def _line(layer: Descriptor, status: str, current: int = 0) -> Progress:
    return Progress(status=status, id=short(layer.digest), current=current, total=layer.size if current else 0)


async def read_all(chunks: AsyncIterator[bytes], descriptor: Descriptor) -> bytes:
    """A small blob in memory. Raises InvalidArgument for one that is longer than its descriptor says."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > descriptor.size:
            raise InvalidArgument(f"the registry sends more than the {descriptor.size} bytes of {descriptor.digest}")
    return bytes(data)
