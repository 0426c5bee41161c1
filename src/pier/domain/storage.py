"""HostConfig.StorageOpt: what the writable layer of a container may hold."""

import re
from collections.abc import Mapping

from pier.domain.errors import InvalidArgument

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,30})?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def layer_size(options: Mapping[str, str]) -> int:
    """Bytes of `size`; 0 when there is no limit. Raises InvalidArgument for what it is not, and for other options."""
    size = 0
    for name, text in options.items():
        if name.lower() != "size":
            raise InvalidArgument(f"Unknown option {name}")
        match = _SIZE.fullmatch(text.strip())
        if match is None:
            raise InvalidArgument(f"invalid size: '{text}'")
        size = int(float(match[1]) * _UNITS[match[2].lower()])
        if not size:
            raise InvalidArgument("--storage-opt size must be larger than 0")
    return size
