"""A CLI run in this process against an HTTP engine that the test scripts."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.main import run


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpEngine]:
    """The engine that DOCKER_HOST names; HOME is empty."""
    for name in ("PIER_HOST", "DOCKER_CONFIG", "DOCKER_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with HttpEngine(tmp_path / "engine.sock") as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        yield engine


@pytest.fixture
def pier(engine: HttpEngine, capfd: pytest.CaptureFixture[str]) -> Pier:
    """Runs one command line: (exit code, stdout, stderr)."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = run(list(argv))
        sys.stdout.flush()
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return call
