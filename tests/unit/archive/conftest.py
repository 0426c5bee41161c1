"""A root below a temporary directory, with something outside that must never be reached."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pier.host.root import ContainerRoot


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """The directory that is the root. Beside it lies `secret`."""
    (tmp_path / "secret").write_text("outside")
    made = tmp_path / "root"
    (made / "d/sub").mkdir(parents=True)
    (made / "d/f").write_text("text")
    (made / "d/rel").symlink_to("f")
    (made / "abs").symlink_to("/d")
    (made / "broken").symlink_to("/nowhere/x")
    (made / "out").symlink_to("../../../../../secret")
    (made / "real").symlink_to(tmp_path / "secret")
    return made


@pytest.fixture
def root(top: Path) -> Iterator[ContainerRoot]:
    """It opened; whatever a test opens besides must be closed at its end."""
    before = set(os.listdir("/proc/self/fd"))
    opened = ContainerRoot(os.open(top, os.O_PATH | os.O_DIRECTORY))
    yield opened
    opened.close()
    left = set(os.listdir("/proc/self/fd")) - before
    paths = [path for number in left if (path := f"/proc/self/fd/{number}") and os.path.exists(path)]
    assert [os.readlink(path) for path in paths if str(top) in os.readlink(path)] == []
