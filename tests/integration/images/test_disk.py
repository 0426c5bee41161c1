"""What images take on disk: told truly, and given back."""

import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.containerd import Containerd, running_containerd
from support.facilities import require_root
from support.image_engine import ImageEngine
from support.images import Node, TestImage, busybox, docker_archive, oci_archive

from pier.containerd.client import Client
from pier.containerd.content import Content
from pier.containerd.diffs import Diffs
from pier.containerd.images import ImageRecords
from pier.containerd.leases import Leases
from pier.containerd.namespaces import Namespaces
from pier.containerd.snapshots import Snapshots
from pier.domain.filters import Filters
from pier.registry.client import Registry

pytestmark = [pytest.mark.containerd, pytest.mark.root]


@pytest.fixture
def own() -> Iterator[Containerd]:
    """A containerd that nobody else fills."""
    require_root()
    with running_containerd() as containerd:
        yield containerd


@pytest.fixture
async def lonely(own: Containerd) -> AsyncIterator[ImageEngine]:
    client = Client(own.address, "disk")
    await Namespaces(client).ensure()
    registry = Registry()
    yield ImageEngine(Content(client), ImageRecords(client), Snapshots(client), Diffs(client), Leases(client), registry)
    await registry.close()
    await client.close()


def _du(containerd: Containerd) -> int:
    """Bytes of blobs and snapshots on disk."""
    root = containerd.directory / "root"
    paths = [root / "io.containerd.content.v1.content/blobs", root / "io.containerd.snapshotter.v1.overlayfs/snapshots"]
    told = subprocess.run(
        ["du", "--summarize", "--total", "--block-size=1", *(str(path) for path in paths if Path(path).exists())],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return int(told.stdout.splitlines()[-1].split()[0])


def _image(*sizes: int) -> TestImage:
    layers = [{f"f{number}": Node(secrets.token_bytes(size))} for number, size in enumerate(sizes)]
    return TestImage([*busybox().layers, *layers], busybox().config)


async def test_sum_is_that_of_du_and_prune_gives_it_back(lonely: ImageEngine, own: Containerd) -> None:
    empty = _du(own)
    await lonely.load(docker_archive({"a:1": _image(6_000_000, 3_000_000)}))
    await lonely.load(oci_archive({"b:1": _image(4_000_000)}))
    await lonely.leases.collect()  # what a load leaves behind is collected soon, but not at once
    usage = await lonely.images.disk_usage()
    on_disk = _du(own) - empty
    assert abs(usage.layers_size - on_disk) <= on_disk / 100
    _, reclaimed = await lonely.images.prune(Filters({"dangling": ("false",)}))
    assert reclaimed == usage.layers_size
    assert _du(own) - empty <= on_disk / 100
    assert (await lonely.images.disk_usage()).layers_size == 0


async def test_what_a_dead_pierd_left_is_given_back_by_prune(lonely: ImageEngine, own: Containerd) -> None:
    """A blob under a lease that nobody holds any more."""
    empty = _du(own)
    client = Client(own.address, "disk")
    leases = Leases(client)

    async def data() -> AsyncIterator[bytes]:
        yield secrets.token_bytes(5_000_000)

    held = leases.hold("pull-gone")
    await held.__aenter__()
    await Content(client).write("orphan", data())
    assert (await lonely.images.disk_usage()).layers_size > 5_000_000
    await Leases(client).end_stale()  # as the next pierd does at its start
    await lonely.images.prune(Filters())
    assert _du(own) - empty < 1_000_000
    await client.close()
