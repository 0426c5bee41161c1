from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.cli.container.export.is_terminal", lambda _: False)


def test_to_stdout_and_to_a_file(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    engine.answer("GET", "/containers/c/export", b"tarball")
    assert pier("export", "c") == (0, "tarball", "")
    assert pier("export", "-o", str(tmp_path / "out"), "c") == (0, "", "")
    assert (tmp_path / "out").read_bytes() == b"tarball"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_refusals(engine: HttpEngine, pier: Pier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.answer("GET", "/containers/c/export", {"message": "No such container: c"}, 404)
    assert pier("export", "-o", str(tmp_path / "out"), "c")[0] == 1
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr("pier.cli.container.export.is_terminal", lambda _: True)
    assert "cowardly refusing" in pier("export", "c")[2]
