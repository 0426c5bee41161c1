from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_export(engine: HttpEngine, pier: Pier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.cli.volume_copies.is_terminal", lambda _: False)
    engine.answer("GET", "/volumes/v/export", b"tarball")
    assert pier("volume", "export", "v") == (0, "tarball", "")
    assert pier("volume", "export", "-o", str(tmp_path / "out"), "v") == (0, "", "")
    assert (tmp_path / "out").read_bytes() == b"tarball"
    monkeypatch.setattr("pier.cli.volume_copies.is_terminal", lambda _: True)
    assert "cowardly refusing" in pier("volume", "export", "v")[2]


def test_import(engine: HttpEngine, pier: Pier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").write_bytes(b"tarball")
    engine.answer("PUT", "/volumes/v/import", {"Name": "v"}, 201)
    assert pier("volume", "import", "v", str(tmp_path / "in")) == (0, "v\n", "")
    assert engine.last("PUT", "/volumes/v/import").body == b"tarball"
    assert pier("volume", "import", "v", "/nope") == (1, "", "open /nope: no such file or directory\n")


def test_clone_and_snapshot(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/volumes/v/clone", {"Name": "w"}, 201)
    assert pier("volume", "clone", "v", "w") == (0, "w\n", "")
    assert engine.last("POST", "/volumes/v/clone").json == {"Name": "w"}
    assert pier("volume", "snapshot", "v") == (0, "w\n", "")
    assert engine.last("POST", "/volumes/v/clone").json == {"Snapshot": True}
    assert pier("volume", "snapshot", "v", "w")[0] == 0
    assert engine.last("POST", "/volumes/v/clone").json == {"Snapshot": True, "Name": "w"}
    assert pier("volume", "clone", "v")[0] == 1
