import pytest

from pier.domain import image
from pier.domain.errors import InvalidArgument
from pier.oci.media_types import is_config, is_index, layer_compression


def test_kinds() -> None:
    assert is_index(image.MEDIA_TYPE_OCI_INDEX)
    assert is_index(image.MEDIA_TYPE_DOCKER_LIST)
    assert is_config(image.MEDIA_TYPE_DOCKER_CONFIG)


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
