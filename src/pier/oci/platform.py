"""Which platform a document is for, and which of several fits a host best (OCI image-spec, "Image Index")."""

from collections.abc import Sequence

from pier.domain.image import Descriptor, Platform

_ARCHITECTURES = {  # names of the kernel and of other tools -> those of images
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "armv7l": "arm",
    "armv6l": "arm",
    "i386": "386",
    "i686": "386",
}
_NAMED_VARIANTS = {"armhf": "v7", "armel": "v6", "armv7l": "v7", "armv6l": "v6"}
_DEFAULT_VARIANTS = {"arm": "v7", "arm64": "v8", "amd64": "v1"}
_ARM_VARIANTS = ("v8", "v7", "v6", "v5")  # each runs programs of those behind it


def normalise(platform: Platform) -> Platform:
    """Lower case, one name for each architecture, and no variant that is the architecture's usual one."""
    given = platform.architecture.lower()
    architecture = _ARCHITECTURES.get(given, given)
    variant = platform.variant.lower() or _NAMED_VARIANTS.get(given, "")
    variant = f"v{variant}" if variant.isdigit() else variant
    if architecture != "arm" and variant == _DEFAULT_VARIANTS.get(architecture):
        variant = ""
    if architecture == "arm" and not variant:
        variant = _DEFAULT_VARIANTS["arm"]
    return Platform(
        os=platform.os.lower() or "linux", architecture=architecture, variant=variant, os_version=platform.os_version
    )


def format_platform(platform: Platform) -> str:
    """`linux/arm/v7`."""
    return "/".join(filter(None, (platform.os, platform.architecture, platform.variant)))


def rank(offered: Platform, wanted: Platform) -> int | None:
    """How well something for `offered` runs on `wanted`: 0 best, None not at all."""
    offer, host = normalise(offered), normalise(wanted)
    if offer.os != host.os:
        return None
    candidates = _runnable(host)
    key = (offer.architecture, offer.variant)
    return candidates.index(key) if key in candidates else None


def _runnable(host: Platform) -> list[tuple[str, str]]:
    """(architecture, variant), best first: older arm on newer arm, plain amd64 on its variants, i386 on amd64."""
    if host.architecture == "arm":
        known = _ARM_VARIANTS.index(host.variant) if host.variant in _ARM_VARIANTS else len(_ARM_VARIANTS)
        return [("arm", variant) for variant in _ARM_VARIANTS[known:]] or [("arm", host.variant)]
    if host.architecture == "arm64":
        plain = [("arm64", host.variant), ("arm64", "")]
        return [*dict.fromkeys(plain), *(("arm", variant) for variant in _ARM_VARIANTS)]
    if host.architecture == "amd64":
        variants = [host.variant] if host.variant else []
        newest = int(host.variant[1:]) if host.variant[1:].isdigit() else 1
        lower = [f"v{number}" for number in range(newest - 1, 1, -1)]
        return [*(("amd64", variant) for variant in dict.fromkeys([*variants, *lower, ""])), ("386", "")]
    return [(host.architecture, host.variant)]


def choose(manifests: Sequence[Descriptor], wanted: Platform) -> Descriptor | None:
    """The manifest of an index that fits best; the first of equals; one without a platform only as a last resort.

    None where nothing fits. Attestations carry the platform unknown/unknown and so never do.
    """
    ranked = [
        (position, number, descriptor)
        for number, descriptor in enumerate(manifests)
        if descriptor.platform is not None and (position := rank(descriptor.platform, wanted)) is not None
    ]
    if ranked:
        return min(ranked, key=lambda entry: entry[:2])[2]
    return next((descriptor for descriptor in manifests if descriptor.platform is None), None)
