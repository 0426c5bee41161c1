from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.host.propagation import require_propagation

MOUNTS = """\
20 1 254:0 / / rw - ext4 /dev/vda rw
21 20 0:30 / /shared rw shared:5 - tmpfs none rw
22 20 0:31 / /slave rw,nosuid master:5 - tmpfs none rw
23 20 0:32 / /with\\040blank rw shared:6 - tmpfs none rw
24 20 0:33 / /covered rw shared:7 - tmpfs none rw
25 24 0:34 / /covered rw - tmpfs none rw
"""


@pytest.fixture
def mountinfo(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTS)
    return file


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/private", "rprivate"),
        ("/private", "private"),
        ("/private", ""),
        ("/shared/below", "rshared"),
        ("/shared", "shared"),
        ("/shared", "rslave"),
        ("/slave/x", "slave"),
        ("/with blank/x", "rshared"),
    ],
)
def test_what_the_mount_can_give(mountinfo: Path, path: str, wanted: str) -> None:
    require_propagation(path, wanted, mountinfo)


@pytest.mark.parametrize(
    ("path", "wanted", "words"),
    [
        ("/private", "rshared", "path /private is mounted on / but it is not a shared mount"),
        ("/sharedbutnot", "shared", "is mounted on / but"),
        ("/slave", "shared", "is mounted on /slave but it is not a shared mount"),
        ("/private", "slave", "is not a shared or slave mount; `mount --make-shared /`"),
        ("/covered/x", "rslave", "is mounted on /covered but"),
    ],
)
def test_what_it_cannot(mountinfo: Path, path: str, wanted: str, words: str) -> None:
    with pytest.raises(PierError) as refusal:
        require_propagation(path, wanted, mountinfo)
    assert words in refusal.value.message


def test_the_path_counts_where_its_links_lead(mountinfo: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/shared/x")
    require_propagation(str(tmp_path / "link"), "rshared", mountinfo)
