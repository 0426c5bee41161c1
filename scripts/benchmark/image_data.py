"""The images and archives that the engines are given, made here byte for byte alike for each of them."""

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CREATED = "2024-01-01T00:00:00Z"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
LINES = b"".join(b"%08d %s\n" % (i, b"x" * 90) for i in range(100_000))  # 10 MB, 100 bytes a line


def tar_of(files: Mapping[str, bytes | str]) -> bytes:
    """A tar archive; a str value is a symlink's target."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size, info.mode = len(content), 0o755
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def docker_archive(name: str, layers: Sequence[bytes]) -> tuple[bytes, list[str]]:
    """A `docker save` archive of these layers, and their diff ids."""
    ids = [digest(layer) for layer in layers]
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": CREATED,
        "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ids},
        "history": [{"created": CREATED, "created_by": "bench"}] * len(ids),
    }
    blob = json.dumps(config).encode()
    files: dict[str, bytes | str] = {f"{i}/layer.tar": layer for i, layer in enumerate(layers)}
    config_name = hashlib.sha256(blob).hexdigest() + ".json"
    manifest: list[dict[str, Any]] = [{"Config": config_name, "RepoTags": [name], "Layers": list(files)}]
    files[config_name] = blob
    files["manifest.json"] = json.dumps(manifest).encode()
    return tar_of(files), ids


def digest(data: bytes) -> str:
    """Its sha256 as registries and image configs write it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def random_layers(size: int) -> list[bytes]:
    """Three layers of new random content, `size` bytes in all: no engine can know them."""
    return [tar_of({f"blob{i}": os.urandom(size // 3)}) for i in range(3)]


def base_layers(busybox: str) -> list[bytes]:
    """The layers of the test image: a static busybox with its applets, and /lines (10 MB) with an index.html."""
    applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    files: dict[str, bytes | str] = {"bin/busybox": Path(busybox).read_bytes()}
    files |= {f"bin/{applet}": "busybox" for applet in applets.stdout.split() if applet != "busybox"}
    return [tar_of(files), tar_of({"lines": LINES, "index.html": b"hello\n", "tmp/.keep": b""})]


def member_digests(archive: bytes, larger_than: int) -> set[str]:
    """The digests of the files of a tar archive that are larger than so many bytes."""
    found = set()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar.getmembers():
            file = tar.extractfile(member) if member.size > larger_than else None
            if file:
                found.add(digest(file.read()))
    return found
