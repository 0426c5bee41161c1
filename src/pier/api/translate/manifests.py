"""The platforms of an image, as list and inspect show them when asked."""

from collections.abc import Callable, Sequence

from pier.domain.image import Descriptor, Platform
from pier.engine.images.claims import ImageUser
from pier.engine.images.variants import Variant
from pier.wire import image as wire
from pier.wire.shape import UNSET


def describe_variants(
    variants: Sequence[Variant], users: Callable[[str], Sequence[ImageUser]]
) -> list[wire.ManifestSummary]:
    """`users` tells the containers of an image id."""
    return [_describe(variant, users) for variant in variants]


def _describe(variant: Variant, users: Callable[[str], Sequence[ImageUser]]) -> wire.ManifestSummary:
    summary = wire.ManifestSummary(
        id=variant.descriptor.digest,
        descriptor=describe_descriptor(variant.descriptor),
        available=variant.is_available,
        size=wire.ManifestSize(total=variant.content_size + variant.unpacked_size, content=variant.content_size),
        kind=variant.kind,
    )
    if variant.kind == "attestation":
        summary.attestation_data = wire.AttestationData(for_=variant.attests)
    elif variant.platform is not None:
        containers = users(variant.image.id) if variant.image else ()
        summary.image_data = wire.ManifestImage(
            platform=_describe_platform(variant.platform),
            containers=[user.id for user in containers],
            size=wire.UnpackedSize(unpacked=variant.unpacked_size),
        )
    return summary


def describe_descriptor(descriptor: Descriptor) -> wire.DescriptorJson:
    return wire.DescriptorJson(
        media_type=descriptor.media_type,
        digest=descriptor.digest,
        size=descriptor.size,
        annotations=dict(descriptor.annotations) or UNSET,
        platform=_describe_platform(descriptor.platform) if descriptor.platform else UNSET,
    )


def _describe_platform(platform: Platform) -> wire.PlatformShown:
    return wire.PlatformShown(
        architecture=platform.architecture,
        os=platform.os,
        os_version=platform.os_version or UNSET,
        variant=platform.variant or UNSET,
    )
