"""This kernel's own NFS server, exporting a directory to 127.0.0.1 by NFS 4.2."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.facilities import require_root
from support.wait import wait_for

_PROC = Path("/proc/fs/nfsd")


@contextmanager
def nfs_server(directory: Path) -> Iterator[None]:
    """The directory is the server's root. Skips where kernel or tools (Debian: nfs-kernel-server) are missing."""
    require_root()
    if not all(shutil.which(command) for command in ("exportfs", "rpc.nfsd", "rpc.mountd")):
        pytest.skip("there is no nfs-kernel-server, which only the machine of scripts/vm could use")
    if subprocess.run(["mount", "-t", "nfsd", "nfsd", str(_PROC)], check=False, capture_output=True).returncode:
        pytest.skip("this kernel has no NFS server; the machine of scripts/vm has")
    Path("/var/lib/nfs/v4recovery").mkdir(parents=True, exist_ok=True)
    for path in ("/var/lib/nfs/etab", "/var/lib/nfs/rmtab", "/etc/exports"):
        Path(path).touch()
    mountd = None
    try:
        _run("exportfs", "-o", "rw,no_root_squash,insecure,fsid=0,no_subtree_check", f"127.0.0.1:{directory}")
        mountd = subprocess.Popen(["rpc.mountd", "--foreground", "--no-nfs-version", "3"])
        # A server that has just started else refuses to open files for as long as former clients may come back.
        _run("rpc.nfsd", "--no-nfs-version", "3", "--grace-time", "10", "--lease-time", "10", "1")
        (_PROC / "v4_end_grace").write_text("Y")
        wait_for(lambda: "1" in (_PROC / "threads").read_text(), what="the NFS server's thread")
        yield
    finally:
        _run("rpc.nfsd", "0")
        _run("exportfs", "-u", f"127.0.0.1:{directory}")
        if mountd is not None:
            mountd.terminate()
            mountd.wait()
        _run("umount", str(_PROC))


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
