import pytest

from pier.domain import image
from pier.domain.errors import InvalidArgument
from pier.oci.media_types import detect_media_type, is_config, is_index, is_layer, is_manifest, layer_compression


def test_kinds() -> None:
    assert is_index(image.MEDIA_TYPE_OCI_INDEX)
    assert is_index(image.MEDIA_TYPE_DOCKER_LIST)
    assert is_manifest(image.MEDIA_TYPE_DOCKER_MANIFEST)
    assert is_config(image.MEDIA_TYPE_DOCKER_CONFIG)
    assert is_layer(image.MEDIA_TYPE_OCI_LAYER_ZSTD)
    assert is_layer(image.MEDIA_TYPE_DOCKER_LAYER_GZIP)
    assert not is_layer(image.MEDIA_TYPE_OCI_CONFIG)
    assert not is_manifest(image.MEDIA_TYPE_OCI_INDEX)


@pytest.mark.parametrize(
    ("media_type", "compression"),
    [
        (image.MEDIA_TYPE_OCI_LAYER, ""),
        (image.MEDIA_TYPE_OCI_LAYER_GZIP, "gzip"),
        (image.MEDIA_TYPE_OCI_LAYER_ZSTD, "zstd"),
        (image.MEDIA_TYPE_DOCKER_LAYER_GZIP, "gzip"),
        ("application/vnd.docker.image.rootfs.diff.tar", ""),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"),
    ],
)
def test_packing_of_layers(media_type: str, compression: str) -> None:
    assert layer_compression(media_type) == compression


def test_unknown_packing_is_refused() -> None:
    for media_type in ("application/vnd.oci.image.layer.v1.tar+encrypted", "application/vnd.in-toto+json"):
        with pytest.raises(InvalidArgument, match="not supported"):
            layer_compression(media_type)


def test_type_is_stated_or_seen() -> None:
    assert detect_media_type(b'{"mediaType":"x"}') == "x"
    assert detect_media_type(b'{"manifests":[]}') == image.MEDIA_TYPE_OCI_INDEX
    assert detect_media_type(b'{"config":{},"layers":[]}') == image.MEDIA_TYPE_OCI_MANIFEST
    with pytest.raises(InvalidArgument, match="schema 1 is not supported"):
        detect_media_type(b'{"schemaVersion":1,"fsLayers":[]}')
