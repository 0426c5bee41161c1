"""Registries that lie or fail, on a real containerd: a clear error, and nothing left; or none, where patience helps."""

import asyncio
import json
import secrets

import pytest
from support.containerd import Containerd
from support.ctr import assert_nothing_left
from support.faulty_registry import (
    Fault,
    FaultyRegistry,
    at_first,
    breaks_off,
    endless,
    faulty_registry,
    in_circles,
    nowhere,
    other_bytes,
    status,
    too_short,
    web_page,
)
from support.http_server import Answer, Request
from support.image_engine import ImageEngine
from support.images import Node, OciImage, TestImage, digest_of, encode, oci_image

from pier.containerd.client import Client
from pier.domain.errors import PierError
from pier.registry import client as client_module
from pier.registry import transport as transport_module

pytestmark = [pytest.mark.containerd, pytest.mark.root]


def _image() -> TestImage:
    """One of its own for each test: containerd takes blobs that another namespace has from there."""
    return TestImage([{"a": Node(secrets.token_bytes(2_000_000))}, {"b": Node(secrets.token_bytes(10))}])


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(client_module, "_BLOB_PAUSE", 0.0)


async def _assert_refused(engine: ImageEngine, registry: FaultyRegistry, message: str) -> None:
    with pytest.raises(PierError, match=message):
        async with asyncio.timeout(30):
            await engine.pull(registry.repository, "1")


@pytest.mark.parametrize(
    ("what", "fault", "message"),
    [
        ("layer", other_bytes, "the registry sent something else than layer"),
        ("layer", too_short, r"the registry sent \d+ of the \d+ bytes of layer"),
        ("layer", endless, "sends more than"),
        ("layer", nowhere, "cannot talk to"),
        ("layer", in_circles, "cannot talk to"),
        ("layer", web_page, r"the registry sent \d+ of the \d+ bytes of layer|sends more than"),
        ("layer", status(500), "the registry failed on"),
        ("layer", status(429), "limits the rate"),
        ("layer", status(429, Retry_After="3600"), "limits the rate"),
        ("layer", status(404), "not found in the registry"),
        ("layer", breaks_off(0), "cannot talk to"),
        ("config", other_bytes, "the registry sent .* as the config|not an image|config"),
        ("config", endless, "sends more than"),
        ("config", status(503), "the registry failed on"),
        ("manifest", web_page, "damaged|no container image"),
        ("manifest", other_bytes, "whose digest is"),
        ("manifest", too_short, "whose digest is"),
        ("manifest", endless, "larger than|whose digest"),
        ("manifest", nowhere, "cannot talk to"),
        ("manifest", status(502), "the registry failed on"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_fault_gives_a_clear_error_and_leaves_nothing(
    images_engine: ImageEngine,
    real_containerd: Containerd,
    client: Client,
    what: str,
    fault: Fault,
    message: str,
) -> None:
    image = _image()
    async with faulty_registry(oci_image(image), image.id, **{what: fault}) as registry:
        await _assert_refused(images_engine, registry, message)
    await assert_nothing_left(real_containerd, client)


@pytest.mark.parametrize(
    "faults",
    [
        {"layer": at_first(status(429, Retry_After="0"), 2)},
        {"layer": at_first(status(503), 3)},
        {"manifest": at_first(status(500), 2)},
        {"config": at_first(breaks_off(10), 1)},
        {"layer": breaks_off(5_000)},
    ],
)
async def test_what_passes_is_overcome(images_engine: ImageEngine, faults: dict[str, Fault]) -> None:
    image = _image()
    async with faulty_registry(oci_image(image), image.id, **faults) as registry:
        await images_engine.pull(registry.repository, "1")
        assert (await images_engine.images.get(f"{registry.repository}:1")).id == image.id


async def test_layer_that_is_not_what_the_config_says(
    images_engine: ImageEngine, real_containerd: Containerd, client: Client
) -> None:
    """Every digest is right, but the config lists another diff id than the layer unpacks to."""
    lie = _image()
    forged = _with_config(oci_image(_image()), lie.config_json)
    async with faulty_registry(forged, lie.id) as registry:
        await _assert_refused(images_engine, registry, "is not what its image says")
    await assert_nothing_left(real_containerd, client)


def _with_config(image: OciImage, config: bytes) -> OciImage:
    document = json.loads(image.manifest)
    document["config"] |= {"digest": digest_of(config), "size": len(config)}
    manifest = encode(document)
    return OciImage(manifest, {**image.blobs, digest_of(config): config, digest_of(manifest): manifest})


async def test_cancelled_pull_leaves_nothing(
    images_engine: ImageEngine, real_containerd: Containerd, client: Client
) -> None:
    asked = asyncio.Event()
    image = _image()

    def tell(_: Request, honest: Answer) -> Answer:
        asked.set()
        return honest

    async with (
        faulty_registry(oci_image(image), image.id, layer=tell) as registry,
        asyncio.timeout(30),
        asyncio.TaskGroup() as group,
    ):
        job = group.create_task(images_engine.pull(registry.repository, "1"))
        await asked.wait()
        job.cancel()
    await assert_nothing_left(real_containerd, client)
