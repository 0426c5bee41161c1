"""A file system with project quotas, and who is limited by them."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.facilities import require_root


@contextmanager
def ext4_with_quotas(directory: Path, megabytes: int = 64) -> Iterator[Path]:
    """A small ext4 that keeps account of projects, mounted below the directory. Skips where the kernel has none."""
    require_root()
    image, place = directory / "disk", directory / "place"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("there is no mkfs.ext4")
    made = ["mkfs.ext4", "-q", "-O", "quota,project", "-E", "quotatype=prjquota", str(image)]
    subprocess.run(made, check=True, capture_output=True)
    done = subprocess.run(["mount", "-o", "loop,prjquota", str(image), str(place)], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("this kernel mounts no ext4 with project quotas; the machine of scripts/vm does")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def write(path: Path, size: int) -> int:
    """How many bytes somebody without CAP_SYS_RESOURCE could write."""
    script = f"head -c {size} /dev/zero > {path} 2> /dev/null; stat -c %s {path}"
    command = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource", "sh", "-c", script]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
