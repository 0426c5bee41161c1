"""Other tools' archives read by Pier, and Pier's by them: skopeo, umoci, buildah, and a dockerd where there is one.

The id of an image is the digest of its config, so equal ids mean that nothing of it was changed on the way.
"""

import asyncio
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import api
from support.facilities import require_command
from support.image_engine import ImageEngine
from support.images import Node, TestImage, digest_of, docker_archive, host_architecture, oci_archive

pytestmark = [pytest.mark.containerd, pytest.mark.root]

NAME = "docker.io/library/cross:1"
IMAGE = TestImage(
    [{"etc/a": Node(b"lower" * 1000), "gone": Node(b"x")}, {"etc/b": Node(b"upper")}], {"Cmd": ["/b"], "Env": ["A=1"]}
)
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A tool's output; its images and its settings lie in the test's directory."""
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    own = {
        "skopeo": ("--insecure-policy",),
        "buildah": ("--root", f"{tmp_path}/buildah", "--runroot", f"{tmp_path}/run", "--storage-driver", "vfs"),
    }

    def output(tool: str, *words: str) -> str:
        command = [require_command(tool), *own.get(tool, ()), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout.strip()

    return output


def _packed(folder: Path) -> bytes:
    """A directory as a tar, as `tar -C folder .` makes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(folder, ".")
    return out.getvalue()


def _config_of(data: bytes) -> str:
    """The digest of the one image's config, by the archive's own tables."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {one.name.removeprefix("./"): file.read() for one in archive if (file := archive.extractfile(one))}
    if "manifest.json" in files:
        return digest_of(files[json.loads(files["manifest.json"])[0]["Config"]])
    [entry] = json.loads(files["index.json"])["manifests"]
    manifest: Any = json.loads(files[f"blobs/{entry['digest'].replace(':', '/')}"])
    return str(manifest["config"]["digest"])


async def _load(engine: ImageEngine, data: bytes) -> str:
    """The id of the one image that was loaded."""
    await engine.load(data)
    [image] = await engine.images.list()
    return image.id


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive", "oci"])
async def test_skopeo_writes(images_engine: ImageEngine, run: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "in.tar").write_bytes(oci_archive({NAME: IMAGE}))
    run("skopeo", "copy", f"oci-archive:{tmp_path}/in.tar", f"{kind}:{tmp_path}/out:cross:1")
    out = tmp_path / "out"
    data = _packed(out) if out.is_dir() else out.read_bytes()
    assert await _load(images_engine, data) == IMAGE.id == _config_of(data)
    [image] = await images_engine.images.list()
    assert image.diff_ids == tuple(digest_of(layer) for layer in IMAGE.layer_tars)


async def test_umoci_writes(images_engine: ImageEngine, run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("by umoci")
    run("umoci", "init", "--layout", "layout")
    run("umoci", "new", "--image", "layout:one")
    run("umoci", "insert", "--image", "layout:one", "file", "/etc/file")
    run("umoci", "config", "--image", "layout:one", "--config.cmd", "/bin/true")
    data = _packed(tmp_path / "layout")
    assert await _load(images_engine, data) == _config_of(data)
    [image] = await images_engine.images.list()
    assert list(image.config.cmd or ()) == ["/bin/true"]


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
async def test_buildah_writes(images_engine: ImageEngine, run: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("by buildah")
    container = run("buildah", "from", "scratch")
    run("buildah", "copy", container, f"{tmp_path}/file", "/etc/file")
    run("buildah", "config", "--cmd", "/bin/true", container)
    policy = f"--signature-policy={tmp_path}/policy.json"
    run("buildah", "commit", "--quiet", policy, container, f"{kind}:{tmp_path}/out.tar:cross:1")
    data = (tmp_path / "out.tar").read_bytes()
    assert await _load(images_engine, data) == _config_of(data)
    [image] = await images_engine.images.list()
    assert list(image.config.cmd or ()) == ["/bin/true"]


@pytest.fixture(params=[docker_archive, oci_archive], ids=["from plain layers", "from gzipped layers"])
async def saved(request: pytest.FixtureRequest, images_engine: ImageEngine, tmp_path: Path) -> Path:
    """What Pier saves, however it got the image."""
    await images_engine.load(request.param({NAME: IMAGE}))
    path = tmp_path / "saved.tar"
    path.write_bytes(await images_engine.save("cross:1"))
    return path


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
async def test_skopeo_reads(saved: Path, run: Run, tmp_path: Path, kind: str) -> None:
    run("skopeo", "copy", f"{kind}:{saved}", f"dir:{tmp_path}/out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["config"]["digest"] == IMAGE.id
    assert len(manifest["layers"]) == 2


async def test_umoci_reads(saved: Path, run: Run, tmp_path: Path) -> None:
    with tarfile.open(saved) as archive:
        archive.extractall(tmp_path / "layout", filter="data")
    run("umoci", "unpack", "--image", "layout:1", "bundle")
    assert (tmp_path / "bundle/rootfs/etc/b").read_bytes() == b"upper"
    config = json.loads((tmp_path / "bundle/config.json").read_text())
    assert config["process"]["args"] == ["/b"]


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
async def test_buildah_reads(saved: Path, run: Run, tmp_path: Path, kind: str) -> None:
    policy = f"--signature-policy={tmp_path}/policy.json"
    image_id = run("buildah", "pull", "--quiet", policy, f"{kind}:{saved}")
    assert f"sha256:{image_id}" == IMAGE.id
    found = json.loads(run("buildah", "inspect", "--type", "image", image_id))
    assert found["OCIv1"]["architecture"] == host_architecture()


@pytest.fixture
def dockerd() -> str:
    """The socket of a real one that may be given images; CI has none."""
    path = os.environ.get("PEER_SOCK", "")
    if not path:
        pytest.skip("no dockerd to compare with: set PEER_SOCK to its socket")
    return path


async def test_dockerd_reads_and_writes(saved: Path, images_engine: ImageEngine, dockerd: str) -> None:
    archive = await asyncio.to_thread(saved.read_bytes)
    reply = api.call(dockerd, "POST", "/images/load?quiet=1", archive, headers={"Content-Type": "application/x-tar"})
    try:
        assert b"Loaded image: cross:1" in reply.body
        assert api.call(dockerd, "GET", "/images/cross:1/json").json()["Id"] == IMAGE.id
        theirs = api.call(dockerd, "GET", "/images/cross:1/get").body
    finally:
        api.call(dockerd, "DELETE", "/images/cross:1?force=1")
    await images_engine.images.remove(IMAGE.id, force=True)
    assert await _load(images_engine, theirs) == IMAGE.id
    [image] = await images_engine.images.list()
    assert image.repo_tags == ("cross:1",)
