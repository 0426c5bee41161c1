import json
import os
from pathlib import Path

import pytest

from pier.cli.credential_store import forget, keep
from pier.cli.errors import CliError
from pier.cli.image.credentials import find_credentials
from pier.cli.session import Session

HELPER = """#!/bin/sh
case $1 in
  store) cat > "$STORE" ;;
  get) [ -s "$STORE" ] && cat "$STORE" || { echo credentials not found in native keychain; exit 1; } ;;
  erase) rm -f "$STORE" ;;
esac
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(environ={}, config_dir=str(tmp_path / "config"))


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`docker-credential-test` on PATH; the file it keeps its one secret in."""
    program = tmp_path / "docker-credential-test"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("STORE", str(tmp_path / "secret"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.json").write_text('{"credsStore": "test", "psFormat": "json"}')
    return tmp_path / "secret"


def test_file_keeps_everything_else(session: Session, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.json").write_text('{"psFormat": "json", "auths": {"other": {"auth": "eDp5"}}}')
    assert keep(session, "h:5", "me", "pw", "")
    config = json.loads((tmp_path / "config/config.json").read_text())
    assert (config["psFormat"], set(config["auths"])) == ("json", {"other", "h:5"})
    assert find_credentials(session, "h:5") == {"username": "me", "password": "pw", "serveraddress": "h:5"}
    assert forget(session, "h:5")
    assert set(json.loads((tmp_path / "config/config.json").read_text())["auths"]) == {"other"}
    assert not forget(session, "h:5")


def test_link_to_the_file_stays_one(session: Session, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "config/config.json").symlink_to("../real.json")
    keep(session, "h", "me", "pw", "")
    assert (tmp_path / "config/config.json").is_symlink()
    assert "auths" in json.loads((tmp_path / "real.json").read_text())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "real.json"]


def test_helper_keeps_the_secret(session: Session, helper: Path, tmp_path: Path) -> None:
    assert not keep(session, "h:5", "me", "pw", "")
    assert json.loads(helper.read_text()) == {"ServerURL": "h:5", "Username": "me", "Secret": "pw"}
    assert json.loads((tmp_path / "config/config.json").read_text())["auths"] == {"h:5": {}}
    assert find_credentials(session, "h:5")["password"] == "pw"
    keep(session, "h:5", "me", "pw", "tok")
    assert find_credentials(session, "h:5") == {"identitytoken": "tok", "serveraddress": "h:5"}
    assert forget(session, "h:5")
    assert find_credentials(session, "h:5") == {}


def test_nowhere_to_keep_it(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="there is no HOME"):
        keep(Session(environ={}), "h", "me", "pw", "")
    (tmp_path / "file").write_text("")
    with pytest.raises(CliError, match=r"cannot .*: Not a directory"):
        keep(Session(environ={}, config_dir=str(tmp_path / "file")), "h", "me", "pw", "")


def test_helper_that_is_not_there(session: Session, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.json").write_text('{"credHelpers": {"h": "absent"}}')
    with pytest.raises(CliError, match="error storing credentials: docker-credential-absent failed"):
        keep(session, "h", "me", "pw", "")
