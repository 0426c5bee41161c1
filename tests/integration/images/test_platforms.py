"""Images of several platforms on a real containerd and a real registry."""

import json
import subprocess
from pathlib import Path

import pytest
from support.facilities import require_command
from support.image_engine import ImageEngine
from support.images import Node, TestImage, archive, digest_of, encode, host_architecture, oci_image, oci_index
from support.registry import RunningRegistry

from pier.containerd.client import Client
from pier.containerd.content import Content
from pier.containerd.snapshots import Snapshots
from pier.domain.image import Platform

pytestmark = [pytest.mark.containerd, pytest.mark.root]

S390X = Platform(architecture="s390x")


def _archive(name: str, images: dict[str, TestImage]) -> tuple[bytes, str]:
    """An OCI layout of one index, and the index's digest."""
    documents = {architecture: oci_image(image) for architecture, image in images.items()}
    index = oci_index(documents)
    blobs = {digest: blob for image in documents.values() for digest, blob in image.blobs.items()}
    entry = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest_of(index),
        "size": len(index),
        "annotations": {"io.containerd.image.name": name},
    }
    files = {f"blobs/sha256/{digest[7:]}": blob for digest, blob in {**blobs, digest_of(index): index}.items()}
    tables = {
        "oci-layout": encode({"imageLayoutVersion": "1.0.0"}),
        "index.json": encode({"schemaVersion": 2, "manifests": [entry]}),
    }
    return archive({**tables, **files}), digest_of(index)


async def test_load_push_pull_and_removal_of_a_platform(
    images_engine: ImageEngine, remote: RunningRegistry, client: Client, tmp_path: Path
) -> None:
    own = TestImage([{"a": Node(b"own" * 1000)}])
    foreign = TestImage([{"f": Node(b"foreign" * 1000)}], architecture="s390x")
    name = f"{remote.host}/platforms/all:1"
    data, digest = _archive(name, {"s390x": foreign, host_architecture(): own})
    await images_engine.load(data)
    lines = await images_engine.push(name)
    assert lines[-1].aux is not None
    assert lines[-1].aux["Digest"] == digest
    copy = [require_command("skopeo"), "--insecure-policy", "copy", "--quiet", "--all", "--src-tls-verify=false"]
    subprocess.run([*copy, f"docker://{name}", f"oci:{tmp_path}/out"], check=True, capture_output=True, timeout=60)
    index = json.loads((tmp_path / "out/index.json").read_text())
    assert index["manifests"][0]["digest"] == digest
    saved = await images_engine.save(name)
    (tmp_path / "saved.tar").write_bytes(saved)
    inspect = [require_command("skopeo"), "inspect", "--raw", f"oci-archive:{tmp_path}/saved.tar"]
    assert digest_of(subprocess.run(inspect, check=True, capture_output=True, timeout=60).stdout) == digest
    await images_engine.images.remove(name, force=True)
    await images_engine.load(saved)
    theirs = await images_engine.images.get_for(name, S390X)
    assert theirs.id == foreign.id
    await images_engine.images.remove(name, platforms=[S390X])
    assert await Content(client).size(theirs.layers[0].digest) is None
    assert (await images_engine.images.get(name)).id == own.id
    repository, _, tag = name.rpartition(":")
    await images_engine.pull(repository, tag, S390X)
    assert [variant.is_available for variant in await images_engine.images.variants(name)] == [True, True]
    assert await Snapshots(client).exists((await images_engine.images.get_for(name, S390X)).chain_id)
    await images_engine.images.remove(name)
    assert await Snapshots(client).list_keys() == []
