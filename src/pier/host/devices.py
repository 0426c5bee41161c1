"""Device nodes of the host. Blocks: use in a thread."""

import os
import stat

from pier.domain.errors import PierError

DeviceNumbers = tuple[str, str, int, int, int, int, int]  # path below, type, major, minor, mode, uid, gid

# What lies in /dev and is no device of the host, or is made anew for each container.
_SKIPPED_DIRECTORIES = frozenset({"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"})
_SKIPPED_DEVICES = frozenset({"console"})


def device_numbers(path: str) -> list[DeviceNumbers]:
    """The device at `path` ("" as path below; a link is followed), or all devices in that directory.

    Raises PierError when there is nothing or no device.
    """
    try:
        facts = os.stat(path)
        found = _in_directory(path) if stat.S_ISDIR(facts.st_mode) else _numbers("", facts)
    except OSError as error:
        raise PierError(
            f'error gathering device information while adding custom device "{path}": {str(error.strerror).lower()}'
        ) from error
    if not found:
        raise PierError(f'error gathering device information while adding custom device "{path}": not a device node')
    return found


def _in_directory(top: str) -> list[DeviceNumbers]:
    found: list[DeviceNumbers] = []
    for directory, directories, files in os.walk(top):
        directories[:] = sorted(set(directories) - _SKIPPED_DIRECTORIES)
        for name in sorted(set(files) - _SKIPPED_DEVICES):
            path = os.path.join(directory, name)
            try:
                numbers = _numbers(os.path.relpath(path, top), os.lstat(path))
            except FileNotFoundError:  # devices come and go
                continue
            found += numbers
    return found


def _numbers(below: str, facts: os.stat_result) -> list[DeviceNumbers]:
    if stat.S_ISCHR(facts.st_mode):
        kind = "c"
    elif stat.S_ISBLK(facts.st_mode):
        kind = "b"
    else:
        return []
    major, minor = os.major(facts.st_rdev), os.minor(facts.st_rdev)
    return [(below, kind, major, minor, stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid)]
