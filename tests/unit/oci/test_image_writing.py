import hashlib
import json

from pier.domain.container import Config
from pier.domain.image import Descriptor, HistoryEntry, Platform
from pier.oci.image import ImageConfig, Index, Manifest, parse_image_config, parse_index, parse_manifest
from pier.oci.image_writing import describe, encode_image_config, encode_index, encode_manifest

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
LAYER = Descriptor(media_type="l", digest=B, size=7, annotations={"k": "v"})
MANIFEST = Manifest(config=Descriptor(media_type="c", digest=A, size=5), layers=(LAYER,), annotations={"x": "y"})
IMAGE = ImageConfig(
    config=Config(cmd=("sh",), labels={"b": "2", "a": "1"}),
    platform=Platform(architecture="arm", variant="v7"),
    diff_ids=(A, B),
    history=(
        HistoryEntry(created_at=1714566600_000000001, created_by="RUN x"),
        HistoryEntry(created_by="CMD", empty_layer=True),
    ),
    created_at=1714566600_500000000,
    author="me",
    comment="c",
)


def test_documents_read_back() -> None:
    assert parse_manifest(encode_manifest(MANIFEST)) == MANIFEST
    assert parse_image_config(encode_image_config(IMAGE)) == IMAGE
    index = Index(manifests=(Descriptor(media_type="m", digest=A, size=1, platform=Platform(architecture="arm64")),))
    assert parse_index(encode_index(index)) == index


def test_empty_image_reads_back() -> None:
    assert parse_image_config(encode_image_config(ImageConfig())) == ImageConfig()


def test_equal_images_have_equal_bytes() -> None:
    turned = Config(cmd=("sh",), labels={"a": "1", "b": "2"})
    assert encode_image_config(ImageConfig(config=turned)) == encode_image_config(
        ImageConfig(config=Config(cmd=("sh",), labels={"b": "2", "a": "1"}))
    )


def test_documents_have_the_fields_the_specification_demands() -> None:
    manifest = json.loads(encode_manifest(MANIFEST))
    assert (manifest["schemaVersion"], manifest["mediaType"]) == (2, "application/vnd.oci.image.manifest.v1+json")
    config = json.loads(encode_image_config(ImageConfig()))
    assert {"architecture", "os", "rootfs"} <= config.keys()
    assert config["rootfs"] == {"type": "layers", "diff_ids": []}


def test_descriptor_of_a_document() -> None:
    described = describe(b"text", "m")
    assert (described.digest, described.size) == ("sha256:" + hashlib.sha256(b"text").hexdigest(), 4)
