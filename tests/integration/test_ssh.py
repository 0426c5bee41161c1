"""An engine reached by ssh: here by a program of that name that runs its command on this host."""

import os
import subprocess
from pathlib import Path

import pytest
from support.engine import Engine, client_environment
from support.facilities import BIN

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def environment(engine: Engine, tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nexec "$@"\n')
    program.chmod(0o755)
    return client_environment() | {"PATH": f"{tmp_path}:{BIN}:{os.environ['PATH']}"}


def test_run_with_input_over_ssh(engine: Engine, image: str, environment: dict[str, str]) -> None:
    def pier(*args: str, text: str = "") -> str:
        command = [str(BIN / "pier"), "-H", f"ssh://far{engine.socket}", *args]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, env=environment, timeout=90, check=True
        )
        return done.stdout

    assert pier("run", "--rm", "-i", image, "sh", "-c", "cat; echo after the end", text="in\n") == "in\nafter the end\n"
    pier("run", "-d", "--name", "box", image, "sleep", "1000")
    assert pier("ps", "--format", "{{.Names}}") == "box\n"
    assert pier("exec", "box", "echo", "heard") == "heard\n"
