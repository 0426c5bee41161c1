"""A client without a configuration, that may write one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pier.cli.main import run

Pier = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Pier:
    """Runs one command line in this process: exit code and what it says."""
    for name in ("PIER_HOST", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def call(*argv: str) -> tuple[int, str, str]:
        import sys

        code = run(list(argv))
        sys.stdout.flush()
        said = capfd.readouterr()
        return code, said.out, said.err

    return call
