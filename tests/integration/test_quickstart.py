"""`scripts/quickstart` from nothing to a page and back to nothing, as a new user runs it."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from support.engine import run
from support.facilities import BIN, ROOT, find_docker_cli, require, require_root
from support.fetch import fetch
from support.host_state import compare, take
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.slow]

SCRIPT = ROOT / "scripts" / "quickstart"
SOCKET = Path("/run/pier/pier.sock")


def quickstart(*args: str) -> str:
    """What the script prints; it must succeed."""
    done = subprocess.run([SCRIPT, *args], capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_quickstart_runs_a_container_and_down_takes_all_away() -> None:
    require_root()
    require(not SOCKET.exists(), "an engine of somebody's own is up at /run/pier/pier.sock")
    before = take()
    try:
        said = quickstart()
        page = re.search(r"http://127\.0\.0\.1:(\d+)/ says: (Hello from \w+)", said)
        assert page, said
        assert page[2] in fetch("127.0.0.1", int(page[1]))
        assert run([str(BIN / "pier"), "ps", "--format", "{{.Names}}"]).check().last == "hello"
        docker = [find_docker_cli(), "-H", f"unix://{SOCKET}"]
        assert run([*docker, "ps", "--format", "{{.Image}}"]).check().last == "pier/hello"
        assert "already up" in quickstart()
        os.kill(int(Path("/run/pier-quickstart/pierd").read_text()), signal.SIGKILL)  # the container runs on
    finally:
        quickstart("--down")
    # Other engines of tests come and go on a machine where several people work.
    with suppress(AssertionError):  # what was told to end takes a moment to be gone
        wait_for(lambda: not compare(before, take(), without="test"), what="all is taken away", timeout=10)
    assert compare(before, take(), without="test") == []
    assert "nothing to take away" in quickstart("--down")
