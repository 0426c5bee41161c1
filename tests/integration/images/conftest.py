"""The image use cases on a real containerd, one namespace for each test."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from support.containerd import Containerd, running_containerd
from support.facilities import require_root
from support.image_engine import ImageEngine
from support.registry import RunningRegistry, running_registry

from pier.containerd.client import Client
from pier.containerd.content import Content
from pier.containerd.diffs import Diffs
from pier.containerd.images import ImageRecords
from pier.containerd.leases import Leases
from pier.containerd.snapshots import Snapshots
from pier.registry.client import Registry


@pytest.fixture(scope="package")
def real_containerd() -> Iterator[Containerd]:
    require_root()
    with running_containerd() as containerd:
        yield containerd


@pytest.fixture(scope="package")
def remote() -> Iterator[RunningRegistry]:
    with running_registry() as registry:
        yield registry


@pytest.fixture
async def client(real_containerd: Containerd) -> AsyncIterator[Client]:
    client = Client(real_containerd.address, f"images-{secrets.token_hex(4)}")
    yield client
    await client.close()


@pytest.fixture
async def images_engine(client: Client) -> AsyncIterator[ImageEngine]:
    registry = Registry()
    yield ImageEngine(Content(client), ImageRecords(client), Snapshots(client), Diffs(client), Leases(client), registry)
    await registry.close()
