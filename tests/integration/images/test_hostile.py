"""Layers and archives that mean harm, on a real containerd: they are refused or kept inside, and leave nothing."""

import gzip
import io
import json
import secrets
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.containerd import Containerd
from support.ctr import assert_nothing_left
from support.image_engine import ImageEngine, pieces
from support.images import archive, digest_of, encode

from pier.archive import compression
from pier.containerd.client import Client
from pier.domain.errors import PierError
from pier.engine.images import unpack
from pier.engine.images.importing import ImportRequest

pytestmark = [pytest.mark.containerd, pytest.mark.root]


def _layer(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, 0o755
    return info


def _archive(layer: bytes, *, packed: bool = False) -> bytes:
    """A docker archive of one layer."""
    config = encode(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}}
    )
    entry = {"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["l.tar"]}
    blob = gzip.compress(layer, 9) if packed else layer
    return archive({"l.tar": blob, "c.json": config, "manifest.json": json.dumps([entry]).encode()})


def _escapes(target: Path) -> dict[str, Sequence[tuple[tarfile.TarInfo, bytes]]]:
    """Ways to write to `target`, a file of the host."""
    climb = "../" * 24
    return {
        "climbing path": [(_member(f"{climb}{target}".replace("//", "/")), b"x")],
        "absolute path": [(_member(str(target)), b"x")],
        "absolute link": [
            (_member("d", tarfile.SYMTYPE, str(target.parent)), b""),
            (_member(f"d/{target.name}"), b"x"),
        ],
        "climbing link": [
            (_member("d", tarfile.SYMTYPE, f"{climb}{target.parent}".replace("//", "/")), b""),
            (_member(f"d/{target.name}"), b"x"),
        ],
        "link of a link": [
            (_member("a", tarfile.SYMTYPE, "/"), b""),
            (_member("b", tarfile.SYMTYPE, f"a{target.parent}"), b""),
            (_member(f"b/{target.name}"), b"x"),
        ],
    }


@pytest.mark.parametrize("name", _escapes(Path("/tmp/x")))
@pytest.mark.parametrize("way", ["load", "import"])
async def test_nothing_is_written_outside(images_engine: ImageEngine, tmp_path: Path, name: str, way: str) -> None:
    target = tmp_path / "pwned"
    layer = _layer(*_escapes(target)[name])
    try:
        if way == "load":
            await images_engine.load(_archive(layer))
        else:
            [_ async for _ in images_engine.images.import_(ImportRequest(), pieces(layer))]
    except PierError:
        pass  # refused, which is as good as kept inside
    assert not target.exists()


async def test_hard_link_to_a_file_of_the_host(images_engine: ImageEngine, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    layer = _layer((_member("leak", tarfile.LNKTYPE, str(secret)), b""))
    with pytest.raises(PierError):
        await images_engine.load(_archive(layer))
    assert secret.stat().st_nlink == 1


@pytest.mark.parametrize("pack", [lambda layer: _archive(layer, packed=True), lambda layer: gzip.compress(layer, 9)])
async def test_bomb_is_refused_and_leaves_nothing(
    images_engine: ImageEngine,
    real_containerd: Containerd,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[[bytes], bytes],
) -> None:
    """As a layer of an archive (containerd unpacks it), and as an archive to import (pierd does)."""
    monkeypatch.setattr(unpack, "FREELY", 8 << 20)
    monkeypatch.setattr(unpack, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(compression, "FREELY", 8 << 20)
    seed = secrets.token_bytes(8)  # one of its own: containerd takes what another namespace has
    bomb = pack(_layer((_member("seed"), seed), *((_member(f"zeros{n}"), bytes(64 << 20)) for n in range(6))))
    images = images_engine.images
    lines = images.import_(ImportRequest(), pieces(bomb)) if bomb[:2] == b"\x1f\x8b" else images.load(pieces(bomb))
    with pytest.raises(PierError, match="more than 200 times its size"):
        [_ async for _ in lines]
    await assert_nothing_left(real_containerd, client)
