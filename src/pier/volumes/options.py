"""What the options of a local volume ask to mount. Pure; keys and refusals are Docker's (local volume driver).

`o` is a list as mount(8) takes it: words that are flags of mount(2), and the rest for the file system.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pier.domain.errors import InvalidArgument

_KNOWN = ("type", "o", "device", "size")
_NEEDS = {"device": ("type",), "type": ("device",), "o": ("device", "type")}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,30})?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}

MS_BIND, MS_REC, MS_REMOUNT, MS_RDONLY = 0x1000, 0x4000, 0x20, 0x1  # linux/mount.h
# Word: (whether it sets or clears, bits), as in mount(8), "Filesystem-independent mount options".
_FLAGS = {
    "ro": (True, MS_RDONLY),
    "rw": (False, MS_RDONLY),
    "nosuid": (True, 0x2),
    "suid": (False, 0x2),
    "nodev": (True, 0x4),
    "dev": (False, 0x4),
    "noexec": (True, 0x8),
    "exec": (False, 0x8),
    "sync": (True, 0x10),
    "async": (False, 0x10),
    "mand": (True, 0x40),
    "nomand": (False, 0x40),
    "dirsync": (True, 0x80),
    "noatime": (True, 0x400),
    "atime": (False, 0x400),
    "nodiratime": (True, 0x800),
    "diratime": (False, 0x800),
    "bind": (True, MS_BIND),
    "rbind": (True, MS_BIND | MS_REC),
    "relatime": (True, 0x200000),
    "norelatime": (False, 0x200000),
    "strictatime": (True, 0x1000000),
    "nostrictatime": (False, 0x1000000),
    "defaults": (True, 0),
}
_PROPAGATIONS = {"private": 0x40000, "slave": 0x80000, "shared": 0x100000, "unbindable": 0x20000}


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPlan:
    """The arguments of mount(2); `propagation` are flags of a call after it, 0 for none."""

    type: str
    device: str
    flags: int = 0
    propagation: int = 0
    data: tuple[str, ...] = ()


def plan_mount(name: str, options: Mapping[str, str]) -> MountPlan | None:
    """None: the volume is a plain directory. Raises InvalidArgument."""
    for key in options:
        if key not in _KNOWN:
            raise InvalidArgument(f'create {name}: invalid option: "{key}"')
    for key, needed in _NEEDS.items():
        for other in needed:
            if key in options and not options.get(other):
                raise InvalidArgument(f'create {name}: missing required option: "{other}"')
    if not options.get("device"):
        return None
    return _parse(options)


def _parse(options: Mapping[str, str]) -> MountPlan:
    flags, propagation, data = 0, 0, list[str]()
    for word in filter(None, options.get("o", "").split(",")):
        if word in _FLAGS:
            sets, bits = _FLAGS[word]
            flags = flags | bits if sets else flags & ~bits
        elif (kind := word.removeprefix("r")) in _PROPAGATIONS or word in _PROPAGATIONS:
            propagation = _PROPAGATIONS.get(word) or _PROPAGATIONS[kind] | MS_REC
        else:
            data.append(word)
    kind = "" if options["type"] == "none" else options["type"]
    return MountPlan(type=kind, device=options["device"], flags=flags, propagation=propagation, data=tuple(data))


def parse_size(name: str, options: Mapping[str, str]) -> int:
    """Bytes of `size`, as `10G` or `512m`; 0 without. Raises InvalidArgument."""
    text = options.get("size", "")
    if not text:
        return 0
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidArgument(f"create {name}: invalid size: '{text}'")
    return int(float(match[1]) * _UNITS[match[2].lower()])
