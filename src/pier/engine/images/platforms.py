"""Choosing among the manifests of an index when not all of their content is here."""

from collections.abc import Sequence

from pier.domain.image import Descriptor, Platform
from pier.oci.platform import rank

_ATTESTATION = "unknown"  # BuildKit's word for a manifest that is no image


def by_preference(manifests: Sequence[Descriptor], platform: Platform) -> list[Descriptor]:
    """What fits this host best first, then what says no platform, then images of other platforms; no attestations."""

    def order(manifest: Descriptor) -> int:
        if manifest.platform is None:
            return 1000
        position = rank(manifest.platform, platform)
        return 2000 if position is None else position

    images = [one for one in manifests if one.platform is None or one.platform.os != _ATTESTATION]
    return sorted(images, key=order)


def fits(manifest: Descriptor, platform: Platform) -> bool:
    """Whether it runs on this host, or does not say."""
    return manifest.platform is None or rank(manifest.platform, platform) is not None
