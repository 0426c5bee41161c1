import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pier.host import syscalls


@pytest.fixture
def top(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "file").write_text("inside")
    (tmp_path / "absolute").symlink_to("/file")
    (tmp_path / "outside").symlink_to("../../../../../../../etc/passwd")
    descriptor = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def _read(directory: int, path: str, resolve: int) -> str:
    with os.fdopen(syscalls.openat2(directory, path, os.O_RDONLY, resolve=resolve)) as file:
        return file.read()


def test_links_are_resolved_inside_the_root(top: int) -> None:
    assert _read(top, "/file", syscalls.RESOLVE_IN_ROOT) == "inside"
    assert _read(top, "absolute", syscalls.RESOLVE_IN_ROOT) == "inside"
    assert _read(top, "../../../file", syscalls.RESOLVE_IN_ROOT) == "inside"
    with pytest.raises(FileNotFoundError):
        _read(top, "outside", syscalls.RESOLVE_IN_ROOT)


def test_leaving_and_links_can_be_forbidden(top: int) -> None:
    with pytest.raises(OSError) as found:
        _read(top, "../x", syscalls.RESOLVE_BENEATH)
    assert found.value.errno == errno.EXDEV
    with pytest.raises(OSError) as found:
        _read(top, "absolute", syscalls.RESOLVE_NO_SYMLINKS)
    assert found.value.errno == errno.ELOOP


def test_descriptors_are_not_inherited(top: int) -> None:
    descriptor = syscalls.openat2(top, "file", os.O_RDONLY, resolve=syscalls.RESOLVE_IN_ROOT)
    assert os.get_inheritable(descriptor) is False
    os.close(descriptor)


def test_failures_carry_number_and_path(tmp_path: Path) -> None:
    with pytest.raises(OSError) as found:
        syscalls.mount("none", str(tmp_path / "absent"), "nonsense", 0)
    assert found.value.filename == str(tmp_path / "absent")
    with pytest.raises(OSError) as found:
        syscalls.unshare(-1)
    assert found.value.errno in (errno.EINVAL, errno.EPERM)
