"""Small images for tests, made of the busybox on this machine, byte for byte the same each time.

The archives are written by the standard library alone, independently of Pier's own code for them.
"""

import functools
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BUSYBOX = "pier/busybox:latest"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CREATED = "2024-01-02T03:04:05Z"
_PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\napp:x:1000:1000:app:/home/app:/bin/sh\n"
)
_GROUP = "root:x:0:\nnogroup:x:65534:\napp:x:1000:\nextra:x:2000:app\n"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Node:
    """A file (`data`), a link (`target`) or, with neither, a directory."""

    data: bytes | None = None
    target: str = ""
    mode: int = 0o644
    uid: int = 0


Tree = Mapping[str, Node]


@dataclass(frozen=True)
class TestImage:
    """An image to be: layers as trees, lowest first, and what its config says."""

    __test__ = False

    layers: Sequence[Tree]
    config: Mapping[str, object] = field(default_factory=dict)
    architecture: str = ""
    created: str = CREATED

    @property
    def layer_tars(self) -> list[bytes]:
        return [layer_tar(tree) for tree in self.layers]

    @property
    def config_json(self) -> bytes:
        """The document whose digest is the image's id."""
        diff_ids = [digest_of(tar) for tar in self.layer_tars]
        return encode(
            {
                "architecture": self.architecture or host_architecture(),
                "os": "linux",
                "created": self.created,
                "config": dict(self.config),
                "rootfs": {"type": "layers", "diff_ids": diff_ids},
                "history": [{"created": self.created, "created_by": f"layer {n}"} for n, _ in enumerate(diff_ids)],
            }
        )

    @property
    def id(self) -> str:
        return digest_of(self.config_json)


def host_architecture() -> str:
    """As images name it."""
    return ARCHITECTURES.get(os.uname().machine, os.uname().machine)


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encode(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def layer_tar(tree: Tree) -> bytes:
    """An uncompressed layer, in order of paths, dated at the epoch."""
    return _tar(dict(sorted(tree.items())))


def _tar(nodes: Mapping[str, Node]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, node in nodes.items():
            member = tarfile.TarInfo(path)
            member.mode, member.uid, member.gid = node.mode, node.uid, node.uid
            if node.target:
                member.type, member.linkname = tarfile.SYMTYPE, node.target
            elif node.data is None:
                member.type, member.mode = tarfile.DIRTYPE, node.mode if node.mode != 0o644 else 0o755
            else:
                member.size = len(node.data)
            archive.addfile(member, io.BytesIO(node.data) if node.data is not None else None)
    return buffer.getvalue()


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar of plain files in the given order."""
    return _tar({path: Node(data) for path, data in files.items()})


def docker_archive(images: Mapping[str, TestImage] | Sequence[TestImage]) -> bytes:
    """As docker wrote them up to version 24: manifest.json and `<id>/layer.tar`. By name, or without names."""
    named = list(images.items()) if isinstance(images, Mapping) else [("", image) for image in images]
    files: dict[str, bytes] = {}
    entries: dict[str, dict[str, object]] = {}
    for name, image in named:
        config = f"{image.id.removeprefix('sha256:')}.json"
        layers = []
        for tar in image.layer_tars:
            path = f"{digest_of(tar).removeprefix('sha256:')}/layer.tar"
            files[path] = tar
            layers.append(path)
        files[config] = image.config_json
        entry = entries.setdefault(config, {"Config": config, "RepoTags": None, "Layers": layers})
        if name:
            tags = entry["RepoTags"]
            entry["RepoTags"] = [*(tags if isinstance(tags, list) else []), name]
    return archive({**files, "manifest.json": encode(list(entries.values()))})


@dataclass(frozen=True)
class OciImage:
    """An image's documents and blobs as a registry or an OCI layout has them."""

    manifest: bytes
    blobs: Mapping[str, bytes]  # by digest: config, layers and the manifest itself

    @property
    def descriptor(self) -> dict[str, object]:
        return _descriptor(self.manifest, "application/vnd.oci.image.manifest.v1+json")


def oci_image(image: TestImage, *, compress: bool = True) -> OciImage:
    """With gzipped layers, or plain ones."""
    suffix = "+gzip" if compress else ""
    layers = [gzip.compress(tar, mtime=0) if compress else tar for tar in image.layer_tars]
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor(image.config_json, "application/vnd.oci.image.config.v1+json"),
            "layers": [_descriptor(layer, f"application/vnd.oci.image.layer.v1.tar{suffix}") for layer in layers],
        }
    )
    return OciImage(manifest, {digest_of(blob): blob for blob in (image.config_json, *layers, manifest)})


def oci_index(images: Mapping[str, OciImage]) -> bytes:
    """An index by architecture."""
    manifests = [
        image.descriptor | {"platform": {"os": "linux", "architecture": architecture}}
        for architecture, image in images.items()
    ]
    media_type = "application/vnd.oci.image.index.v1+json"
    return encode({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests})


def oci_archive(images: Mapping[str, TestImage], *, compress: bool = True) -> bytes:
    """An OCI layout whose index.json names its images as containerd does."""
    files: dict[str, bytes] = {"oci-layout": encode({"imageLayoutVersion": "1.0.0"})}
    manifests = []
    for name, image in images.items():
        documents = oci_image(image, compress=compress)
        files |= {f"blobs/{digest.replace(':', '/')}": blob for digest, blob in documents.blobs.items()}
        manifests.append(documents.descriptor | {"annotations": {"io.containerd.image.name": name}})
    return archive({**files, "index.json": encode({"schemaVersion": 2, "manifests": manifests})})


def _descriptor(data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


@functools.cache
def busybox() -> TestImage:
    """busybox with all its applets, users root, nobody and app (1000), and a page in /www."""
    path = shutil.which("busybox", path="/bin:/usr/bin:/usr/local/bin")
    if path is None:
        raise FileNotFoundError("no busybox in /bin, /usr/bin or /usr/local/bin (Debian: busybox-static)")
    applets = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout.split()
    tree = {
        "bin": Node(),
        "bin/busybox": Node(Path(path).read_bytes(), mode=0o755),
        **{f"bin/{applet}": Node(target="busybox", mode=0o777) for applet in applets if applet != "busybox"},
        **{directory: Node() for directory in ("dev", "etc", "home", "proc", "sys", "usr", "usr/bin", "var", "www")},
        "home/app": Node(uid=1000),
        "root": Node(mode=0o700),
        "tmp": Node(mode=0o1777),
        "usr/bin/env": Node(target="/bin/busybox", mode=0o777),
        "etc/passwd": Node(_PASSWD.encode()),
        "etc/group": Node(_GROUP.encode()),
        "www/index.html": Node(b"<p>served by a test image of Pier</p>\n"),
    }
    return TestImage([tree], {"Env": [_PATH], "Cmd": ["sh"]})


def write_archive(path: Path, name: str = BUSYBOX, *, oci: bool = False) -> None:
    """Writes the busybox image under `name`, as a docker archive or an OCI layout."""
    path.write_bytes((oci_archive if oci else docker_archive)({name: busybox()}))


@functools.cache
def busybox_archive() -> Path:
    """The busybox image as a docker archive, made once for each run of the tests."""
    directory = Path(tempfile.mkdtemp(prefix="pier-images-"))
    _remove_at_exit(directory)
    path = directory / "busybox.tar"
    write_archive(path)
    return path


def _remove_at_exit(directory: Path) -> None:
    import atexit

    atexit.register(shutil.rmtree, directory, ignore_errors=True)
