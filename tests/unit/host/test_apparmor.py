import shutil
import subprocess
from pathlib import Path

import pytest

from pier.host import apparmor
from pier.host.apparmor import NAME, PROFILE, load_profile


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A root whose kernel tells which profiles are loaded: none yet."""
    path = tmp_path / apparmor._LOADED
    path.parent.mkdir(parents=True)
    path.write_text("")
    return tmp_path


def parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """What stands for apparmor_parser."""
    program = tmp_path / "apparmor_parser"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: str(program))


def test_the_profile_is_given_to_the_parser(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parser(kernel, monkeypatch, f'echo "$@" > {kernel}/args; cat > {kernel}/text')
    assert load_profile(kernel) == NAME
    assert (kernel / "text").read_text() == PROFILE
    assert (kernel / "args").read_text() == "-r -K\n"


def test_a_refusal_leaves_containers_without_one(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    parser(kernel, monkeypatch, "echo syntax error >&2; exit 1")
    assert load_profile(kernel) == ""
    assert "apparmor_parser: syntax error" in caplog.text


def test_without_a_parser_what_is_loaded_counts(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert load_profile(kernel) == ""
    (kernel / apparmor._LOADED).write_text(f"other (enforce)\n{NAME} (enforce)\n")
    assert load_profile(kernel) == NAME


def test_a_kernel_that_does_not_tell(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load_profile(tmp_path) == ""
    assert "cannot see what is loaded" in caplog.text


def test_the_real_parser_understands_it() -> None:
    found = shutil.which("apparmor_parser", path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip("no apparmor_parser")
    done = subprocess.run([found, "-Q", "-K"], input=PROFILE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
