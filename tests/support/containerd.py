"""A containerd of the tests' own: everything it makes lies in one directory, and stopping it leaves nothing behind."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.cgroups import remove_cgroup, remove_directory
from support.engine import find_processes, kill_and_await, mounts_below
from support.facilities import require
from support.wait import wait_for

_CONFIG = """\
version = 2
root = "{root}/root"
state = "{root}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "{address}"
[ttrpc]
  address = "{address}.ttrpc"
"""


def find_containerd() -> str | None:
    """The binary under test: CONTAINERD_BINARY, or the one in the path. The shim is taken from beside it."""
    return os.environ.get("CONTAINERD_BINARY") or shutil.which("containerd")


class Containerd:
    """Starts and stops; `stop(keep_containers=True)` and `start` again stand for a restart of containerd alone."""

    def __init__(self, directory: Path) -> None:
        """`directory` must have a short path: a socket's may not exceed 107 bytes."""
        self.directory = directory.resolve()
        self.address = str(self.directory / "c.sock")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Returns the socket's path once containerd accepts connections."""
        binary = find_containerd()
        require(binary is not None, "no containerd")
        assert binary is not None
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "config.toml"
        config.write_text(_CONFIG.format(root=self.directory, address=self.address))
        path = f"{Path(binary).parent}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        with (self.directory / "containerd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [binary, "-c", str(config), "-l", "info"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": path},
            )
        wait_for(self._accepts, what="containerd accepts connections", timeout=30)
        return self.address

    def stop(self, *, keep_containers: bool = False) -> None:
        """Kills containerd and, unless told otherwise, shims and containers, and removes all that they made."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        Path(self.address).unlink(missing_ok=True)
        if not keep_containers:
            bundles = [_Bundle(path) for path in self.directory.glob("state/io.containerd.runtime.v2.task/*/*")]
            kill_and_await([*self._shims(), *(bundle.pid for bundle in bundles if bundle.pid)])
            for mount in sorted(mounts_below(self.directory), key=len, reverse=True):
                subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
            for bundle in bundles:
                bundle.remove_traces()

    def log(self) -> str:
        """All that containerd has said, for the message of a failing test."""
        return (self.directory / "containerd.log").read_text(errors="replace")

    def __enter__(self) -> "Containerd":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accepts(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.address) == 0

    def _shims(self) -> list[int]:
        return [pid for pid in find_processes(self.address) if b"containerd-shim" in _command_line(pid)]


class _Bundle:
    """What a shim keeps of one container, and where the traces outside of our directory are."""

    def __init__(self, path: Path) -> None:
        self.id, self.namespace = path.name, path.parent.name
        pid = _text(path / "init.pid")
        # Of a container that has ended the number may be anybody's by now.
        self.pid = int(pid) if pid and self.id in _text(Path(f"/proc/{pid}/cgroup")) else 0
        self.shim_socket = _text(path / "address").removeprefix("unix://")
        spec = json.loads(_text(path / "config.json") or "{}")
        self.cgroup = (spec.get("linux") or {}).get("cgroupsPath") or ""

    def remove_traces(self) -> None:
        if self.shim_socket:
            Path(self.shim_socket).unlink(missing_ok=True)
        shutil.rmtree(f"/run/containerd/runc/{self.namespace}/{self.id}", ignore_errors=True)
        remove_directory(f"/run/containerd/runc/{self.namespace}")
        if self.cgroup:
            remove_cgroup(self.cgroup)


@contextmanager
def running_containerd() -> Iterator[Containerd]:
    """One in a directory of its own, removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="pier-containerd-"))
    try:
        with Containerd(directory) as containerd:
            yield containerd
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
