import hashlib
import json

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.image import Platform
from pier.oci.image import ImageConfig, chain_ids, parse_image_config, parse_index, parse_manifest

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": A, "size": 5},
    "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": B, "size": 7}],
}
CONFIG = {
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "created": "2024-05-01T12:30:00.5Z",
    "author": "me",
    "comment": "made by hand",
    "docker_version": "20.10",
    "config": {"Env": ["A=1"], "Cmd": ["sh"]},
    "rootfs": {"type": "layers", "diff_ids": [A, B]},
    "history": [
        {"created": "2024-05-01T12:30:00Z", "created_by": "COPY", "comment": "c"},
        {"created_by": "CMD", "empty_layer": True},
    ],
}


def _bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def test_manifest_is_read() -> None:
    manifest = parse_manifest(_bytes(MANIFEST))
    assert manifest.media_type.endswith("manifest.v2+json")
    assert (manifest.config.digest, manifest.config.size) == (A, 5)
    assert [layer.digest for layer in manifest.layers] == [B]


def test_index_is_read_with_platforms() -> None:
    entry = {"mediaType": "m", "digest": A, "size": 1, "platform": {"os": "linux", "architecture": "arm64"}}
    index = parse_index(_bytes({"schemaVersion": 2, "manifests": [entry, {"digest": B, "size": 2}]}))
    assert index.media_type == "application/vnd.oci.image.index.v1+json"
    assert index.manifests[0].platform == Platform(architecture="arm64")
    assert index.manifests[1].platform is None


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"manifests": []},
        MANIFEST | {"manifests": []},
        MANIFEST | {"layers": {}},
        MANIFEST | {"layers": [1]},
        MANIFEST | {"config": {"digest": "nonsense", "size": 1}},
        MANIFEST | {"config": {"digest": A, "size": -1}},
        MANIFEST | {"config": {"digest": A, "size": "1"}},
        MANIFEST | {"config": {"digest": "sha256:../../x", "size": 1}},
    ],
)
def test_what_is_no_manifest_is_refused(document: object) -> None:
    with pytest.raises(InvalidArgument):
        parse_manifest(_bytes(document))


def test_manifest_that_poses_as_an_index_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        parse_index(_bytes(MANIFEST | {"manifests": []}))
    with pytest.raises(InvalidArgument):
        parse_index(_bytes(MANIFEST))


def test_image_config_is_read() -> None:
    image = parse_image_config(_bytes(CONFIG))
    assert image.platform == Platform(architecture="arm64", variant="v8")
    assert image.created_at == 1714566600_500000000
    assert (image.author, image.comment, image.docker_version) == ("me", "made by hand", "20.10")
    assert image.config.env == ("A=1",)
    assert [entry.empty_layer for entry in image.history] == [False, True]
    assert image.diff_ids == (A, B)


def test_broken_image_config_is_refused() -> None:
    for data in (b"{", b"[]", b"\xff", _bytes(CONFIG | {"history": 1}), _bytes(CONFIG | {"created": "noon"})):
        with pytest.raises(InvalidArgument):
            parse_image_config(data)


def test_chain_id_of_a_layer_covers_those_below() -> None:
    second = "sha256:" + hashlib.sha256(f"{A} {B}".encode()).hexdigest()
    assert chain_ids([A, B]) == [A, second]
    assert parse_image_config(_bytes(CONFIG)).chain_id == second
    assert ImageConfig().chain_id == ""
