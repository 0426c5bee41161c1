"""What this machine must have for a test: a missing facility is a skip with its reason at a desk, in CI a failure."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"


def require(present: bool, reason: str) -> None:
    """Skips the test for `reason` unless `present`; where CI is set it fails instead."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


def require_command(name: str) -> str:
    """The path of a command, looked for in the sbin directories too."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    require(path is not None, f"no command {name}")
    return path or ""


def require_root() -> None:
    """For tests that make namespaces, links and containers."""
    require(os.geteuid() == 0, "needs root")


def find_docker_cli() -> str:
    """The stock docker CLI: from PATH, else the one that scripts/bootstrap unpacked."""
    unpacked = ROOT / ".venv" / "docker" / "docker"
    path = shutil.which("docker") or (str(unpacked) if unpacked.exists() else None)
    require(path is not None, "no docker CLI")
    return path or ""
