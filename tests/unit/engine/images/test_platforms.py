"""Choosing among the manifests of an index."""

from pier.domain.image import Descriptor, Platform
from pier.engine.images.platforms import by_preference, fits

HOST = Platform(architecture="amd64")


def _manifest(name: str, platform: Platform | None) -> Descriptor:
    return Descriptor(media_type="", digest=name, size=1, platform=platform)


FOREIGN = _manifest("foreign", Platform(architecture="s390x"))
OWN = _manifest("own", HOST)
SILENT = _manifest("silent", None)
ATTESTATION = _manifest("attestation", Platform(os="unknown", architecture="unknown"))


def test_own_platform_comes_first_and_attestations_never() -> None:
    assert by_preference([ATTESTATION, FOREIGN, SILENT, OWN], HOST) == [OWN, SILENT, FOREIGN]


def test_fits() -> None:
    assert [fits(one, HOST) for one in (OWN, SILENT, FOREIGN, ATTESTATION)] == [True, True, False, False]
