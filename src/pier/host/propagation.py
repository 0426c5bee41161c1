"""What of a mount's changes others see (mount_namespaces(7), "SHARED SUBTREES"). Blocks: use in a thread."""

import os
from pathlib import Path

from pier.domain.errors import PierError

_MOUNTINFO = Path("/proc/self/mountinfo")
# What a bind asks of the mount it is taken from: one of these optional fields (proc(5), mountinfo).
_NEEDED = {"shared": ("shared:",), "slave": ("shared:", "master:")}
_ESCAPED = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


def require_propagation(path: str, wanted: str, mountinfo: Path = _MOUNTINFO) -> None:
    """Raises PierError when a bind of `path` cannot have the propagation `wanted` (shared, rslave, ...).

    A runtime would make the bind all the same, and no mount of the host would ever show in it.
    """
    kind = wanted.removeprefix("r")
    if kind not in _NEEDED:
        return
    mount_point, optional = _find_mount(os.path.realpath(path), mountinfo.read_text())
    if not any(field.startswith(_NEEDED[kind]) for field in optional):
        what = "shared" if kind == "shared" else "shared or slave"
        raise PierError(
            f"path {path} is mounted on {mount_point} but it is not a {what} mount; "
            f"`mount --make-shared {mount_point}` on the host makes it one"
        )


def _find_mount(path: str, text: str) -> tuple[str, list[str]]:
    """(mount point, optional fields) of the mount that the path is on; of several on one point the last is on top."""
    best, fields = "", list[str]()
    for line in text.splitlines():
        words = line.partition(" - ")[0].split(" ")
        mount_point = words[4]
        for escape, character in _ESCAPED:
            mount_point = mount_point.replace(escape, character)
        inside = mount_point == "/" or path == mount_point or path.startswith(f"{mount_point}/")
        if inside and len(mount_point) >= len(best):
            best, fields = mount_point, words[6:]
    return best, fields
