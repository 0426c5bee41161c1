import pytest

from pier.api.translate.registries import describe_remote, describe_search, load_auth
from pier.domain.image import MEDIA_TYPE_OCI_INDEX, Descriptor, Platform
from pier.domain.registry import SearchResult
from pier.engine.registries import RemoteImage
from pier.wire.shape import encode


def test_credentials() -> None:
    assert load_auth("eyJpZGVudGl0eXRva2VuIjoidCJ9").identity_token == "t"
    with pytest.raises(ValueError):
        load_auth("garbage!")


def test_remote_image() -> None:
    image = RemoteImage(
        descriptor=Descriptor(media_type=MEDIA_TYPE_OCI_INDEX, digest="sha256:1", size=7),
        platforms=(Platform(architecture="arm", variant="v7"), Platform()),
    )
    assert encode(describe_remote(image)) == (
        b'{"Descriptor":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:1","size":7},'
        b'"Platforms":[{"architecture":"arm","os":"linux","variant":"v7"},{"architecture":"amd64","os":"linux"}]}\n'
    )


def test_search_result() -> None:
    assert encode(describe_search(SearchResult(name="x", stars=3, official=True))) == (
        b'{"star_count":3,"is_official":true,"name":"x","is_automated":false,"description":""}\n'
    )
