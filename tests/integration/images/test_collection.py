"""Everything that moves images, while containerd collects garbage all the time."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.image_engine import ImageEngine, pieces
from support.images import Node, TestImage, docker_archive, oci_archive
from support.registry import RunningRegistry

from pier.containerd.client import Client
from pier.containerd.leases import Leases
from pier.containerd.snapshots import Snapshots
from pier.domain.reference import parse
from pier.engine.images.importing import ImportRequest

pytestmark = [pytest.mark.containerd, pytest.mark.root]


def _image(layers: int = 4) -> TestImage:
    return TestImage([{f"f{number}": Node(secrets.token_bytes(300_000))} for number in range(layers)])


@asynccontextmanager
async def _collecting(client: Client) -> AsyncIterator[asyncio.Semaphore]:
    """It can be acquired once for each collection."""
    collections = asyncio.Semaphore(0)

    async def collect() -> None:
        while True:
            await Leases(client).collect()
            collections.release()

    async with asyncio.TaskGroup() as group:
        job = group.create_task(collect())
        try:
            yield collections
        finally:
            job.cancel()


async def test_nothing_is_collected_that_is_needed(
    images_engine: ImageEngine, remote: RunningRegistry, client: Client
) -> None:
    first, second = _image(), _image()
    async with _collecting(client) as collections:
        for number in range(3):
            one, two = f"{remote.host}/gc/one{number}:1", f"{remote.host}/gc/two{number}:1"
            await asyncio.gather(
                images_engine.load(docker_archive({one: first})), images_engine.load(oci_archive({two: second}))
            )
            await asyncio.gather(images_engine.push(one), images_engine.push(two))
            for image in (first, second):
                await images_engine.images.remove(image.id, force=True)
            pulls = [images_engine.pull(*_parts(name)) for name in (one, two, one)]
            await asyncio.gather(*pulls)
            assert (await images_engine.images.get(one)).id == first.id
            assert len(await images_engine.save(two)) > 1_000_000
            for image in (first, second):
                found = await images_engine.images.get(image.id)
                assert await Snapshots(client).exists(found.chain_id)
                await images_engine.images.remove(image.id, force=True)
            for _ in range(2):
                await collections.acquire()  # no round is over before there were some
        request = ImportRequest(name=parse("imported:1"))
        [_ async for _ in images_engine.images.import_(request, pieces(first.layer_tars[0]))]
        imported = await images_engine.images.get("imported:1")
        assert await Snapshots(client).exists(imported.chain_id)


def _parts(name: str) -> tuple[str, str]:
    repository, _, tag = name.rpartition(":")
    return repository, tag
