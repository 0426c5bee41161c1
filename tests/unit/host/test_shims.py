"""Finding and ending the shim of one container, among others."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.wait import wait_for

from pier.host.shims import end_shims, find_shims

ID = "a" * 64
# A process named as a shim is, which listens on a socket and waits.
CODE = """
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[-1])
server.listen()
if "child" in sys.argv:
    os.posix_spawnp("sleep", ["sleep", "60"], os.environ)
print("up", flush=True)
server.accept()
"""


@contextmanager
def shim(
    directory: Path, *, container_id: str = ID, name: str = "containerd-shim-runc-v2", child: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A running stand-in."""
    (directory / "code.py").write_text(CODE)
    options = ["-namespace", "n", "-id", container_id, "-address", "/c.sock"]
    options += [*(["child"] if child else []), str(directory / "s")]
    with subprocess.Popen(
        [name, str(directory / "code.py"), *options],
        executable=sys.executable,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONHOME": sys.base_prefix},
    ) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A place for the socket."""
    return tmp_path


def test_the_shim_of_the_container_is_found_by_all_three_names(directory: Path) -> None:
    with shim(directory) as process:
        assert find_shims(ID, namespace="n", address="/c.sock") == [process.pid]
        assert find_shims("b" * 64, namespace="n", address="/c.sock") == []
        assert find_shims(ID, namespace="other", address="/c.sock") == []
        assert find_shims(ID, namespace="n", address="/d.sock") == []


def test_another_program_with_such_options_is_no_shim(directory: Path) -> None:
    with shim(directory, name="editor"):
        assert find_shims(ID, namespace="n", address="/c.sock") == []


def test_ending_kills_it_and_removes_its_socket(directory: Path) -> None:
    with shim(directory) as process:
        assert (directory / "s").exists()
        assert end_shims(ID, namespace="n", address="/c.sock") is True
        wait_for(lambda: process.poll() is not None, what="it has ended")
        assert not (directory / "s").exists()
    assert end_shims(ID, namespace="n", address="/c.sock") is False


def test_the_parent_of_anothers_process_is_shared_and_stays(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with shim(tmp_path / "old", child=True) as shared, shim(tmp_path / "new") as lost:
        (child,) = map(int, Path(f"/proc/{shared.pid}/task/{shared.pid}/children").read_text().split())
        assert sorted(find_shims(ID, namespace="n", address="/c.sock")) == sorted((shared.pid, lost.pid))
        assert end_shims(ID, namespace="n", address="/c.sock", in_use=[child, 0, 999_999_999]) is True
        wait_for(lambda: lost.poll() is not None, what="the lost one has ended")
        assert shared.poll() is None
        assert end_shims(ID, namespace="n", address="/c.sock", in_use=[child]) is False
        os.kill(child, signal.SIGKILL)
        assert end_shims(ID, namespace="n", address="/c.sock") is True
