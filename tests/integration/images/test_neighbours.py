"""One store with other namespaces, on a real containerd: not a byte of a layer moves."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from support.containerd import Containerd
from support.ctr import listed
from support.faulty_registry import faulty_registry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, busybox, oci_archive, oci_image

from pier.containerd.client import Client
from pier.containerd.content import Content
from pier.containerd.diffs import Diffs
from pier.containerd.images import ImageRecords
from pier.containerd.leases import Leases
from pier.containerd.namespaces import Namespaces
from pier.containerd.neighbours import Neighbours
from pier.containerd.snapshots import Snapshots
from pier.domain.errors import NotFound
from pier.registry.client import Registry

pytestmark = [pytest.mark.containerd, pytest.mark.root]


@pytest.fixture
async def pair(real_containerd: Containerd) -> AsyncIterator[tuple[ImageEngine, ImageEngine, str]]:
    """Theirs, ours (which uses theirs), and the name of their namespace."""
    theirs = f"theirs-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        engines = []
        for namespace, uses in ((theirs, ()), (f"ours-{secrets.token_hex(4)}", ("absent", theirs))):
            client, registry, neighbours = (
                Client(real_containerd.address, namespace),
                Registry(),
                Neighbours(real_containerd.address),
            )
            await Namespaces(client).ensure()
            for closing in (client, registry, neighbours):
                stack.push_async_callback(closing.close)
            engines.append(
                ImageEngine(
                    Content(client),
                    ImageRecords(client),
                    Snapshots(client),
                    Diffs(client),
                    Leases(client),
                    registry,
                    neighbours=neighbours,
                    image_namespaces=uses,
                )
            )
        yield engines[0], engines[1], theirs


def _image() -> TestImage:
    return TestImage([*busybox().layers, {"m": Node(secrets.token_bytes(2_000_000))}], busybox().config)


async def test_image_is_used_and_outlives_the_other_namespace(pair: tuple[ImageEngine, ImageEngine, str]) -> None:
    theirs, ours, _ = pair
    image = _image()
    await theirs.load(oci_archive({"docker.io/library/x:1": image}))
    read: list[str] = []
    neighbour = ours.neighbours.get(pair[2]).content
    stream = neighbour.stream

    async def counted(digest: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        read.append(digest)
        async for chunk in stream(digest, offset=offset):
            yield chunk

    neighbour.stream = counted  # type: ignore[method-assign] # looks on
    found = await ours.images.get("x:1")
    assert found.id == image.id
    assert not {layer.digest for layer in found.layers} & set(read)  # containerd had their bytes
    await theirs.images.remove("x:1")
    assert len(await ours.save("x:1")) > 2_000_000
    assert await ours.snapshots.exists(found.chain_id)


async def test_pull_fetches_no_byte_that_another_namespace_has(
    pair: tuple[ImageEngine, ImageEngine, str],
) -> None:
    theirs, ours, _ = pair
    image = _image()
    async with faulty_registry(oci_image(image), image.id) as registry:
        await theirs.pull(registry.repository, "1")
        before = registry.asked["layer"]
        await ours.pull(registry.repository, "1")
        assert registry.asked["layer"] == before
    assert (await ours.images.get(f"{registry.repository}:1")).id == image.id
    with pytest.raises(NotFound, match="No such image"):
        await ours.images.get("never-heard-of:1")


async def test_share_and_unshare(pair: tuple[ImageEngine, ImageEngine, str], real_containerd: Containerd) -> None:
    _, ours, namespace = pair
    image = _image()
    await ours.load(oci_archive({"docker.io/library/shared:1": image}))
    await ours.images.share("shared:1", namespace)
    assert "docker.io/library/shared:1" in listed(real_containerd, namespace, "images", "ls", "-q")
    check = listed(real_containerd, namespace, "images", "check", "name==docker.io/library/shared:1")
    assert "complete" in check[1]
    await ours.images.remove("shared:1")
    assert "complete" in listed(real_containerd, namespace, "images", "check")[1]  # it is theirs, too
    await ours.load(oci_archive({"docker.io/library/shared:1": image}))
    await ours.images.unshare("shared:1", namespace)
    assert listed(real_containerd, namespace, "images", "ls", "-q") == []
    assert listed(real_containerd, namespace, "content", "ls", "-q") == []
