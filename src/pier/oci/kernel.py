"""Kernel releases as text: `6.1.0-13-amd64`."""

import re

_RELEASE = re.compile(r"(\d+)\.(\d+)")


def kernel_at_least(release: str, wanted: str) -> bool:
    """Whether `release` is version `wanted` ("5.12") or newer; an unreadable release is not."""
    have, need = _RELEASE.match(release), _RELEASE.match(wanted)
    if have is None or need is None:
        return False
    return (int(have[1]), int(have[2])) >= (int(need[1]), int(need[2]))
