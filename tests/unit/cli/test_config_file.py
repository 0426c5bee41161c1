"""config.json is replaced as a whole."""

import json
from pathlib import Path

import pytest

from pier.cli.config_file import replace_json
from pier.cli.errors import CliError
from pier.cli.session import Session


def test_a_link_keeps_pointing_to_the_file_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    real, folder = tmp_path / "real.json", tmp_path / "config"
    folder.mkdir()
    (folder / "config.json").symlink_to(real)
    session = Session(environ={}, config_dir=str(folder))
    assert session.config == {}
    session.write_config({"currentContext": "far"})
    assert json.loads(real.read_text()) == {"currentContext": "far"}
    assert real.stat().st_mode & 0o777 == 0o600
    assert (folder / "config.json").is_symlink()
    assert session.config == {"currentContext": "far"}  # read anew
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_folders_are_made(tmp_path: Path) -> None:
    replace_json(str(tmp_path / "a" / "b" / "c.json"), {})
    assert (tmp_path / "a" / "b" / "c.json").read_text() == "{}"


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CliError, match=r"file/c\.json cannot be written: File exists"):
        replace_json(str(tmp_path / "file" / "c.json"), {})
    with pytest.raises(CliError, match="there is no HOME"):
        Session(environ={}).write_config({})
