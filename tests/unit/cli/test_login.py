import base64
import io
import json
import sys
from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

OK = {"IdentityToken": "", "Status": "Login Succeeded"}


def stored(tmp_path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((tmp_path / ".docker/config.json").read_text())["auths"]
    return found


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize(
    ("server", "key"), [([], "https://index.docker.io/v1/"), (["h:5000"], "h:5000"), (["https://h/v2/"], "h")]
)
def test_login_keeps_what_the_registry_took(
    engine: HttpEngine, pier: Pier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: list[str], key: str
) -> None:
    engine.answer("POST", "/auth", OK)
    typed(monkeypatch, "secret\n")
    code, out, err = pier("login", "-u", "me", "--password-stdin", *server)
    assert (code, out) == (0, "Login Succeeded\n")
    assert "stored unencrypted" in err
    assert engine.last("POST", "/auth").json == {"username": "me", "password": "secret", "serveraddress": key}
    assert stored(tmp_path) == {key: {"auth": base64.b64encode(b"me:secret").decode()}}
    assert (tmp_path / ".docker/config.json").stat().st_mode & 0o777 == 0o600


def test_identity_token_takes_the_place_of_the_password(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    engine.answer("POST", "/auth", {"IdentityToken": "tok", "Status": "Login Succeeded"})
    assert pier("login", "-u", "me", "-p", "secret", "h")[0] == 0
    assert stored(tmp_path) == {"h": {"auth": base64.b64encode(b"me:").decode(), "identitytoken": "tok"}}


def test_refused_login_keeps_nothing(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    engine.answer("POST", "/auth", {"message": "refused"}, 401)
    code, _, err = pier("login", "-u", "me", "-p", "x", "h")
    assert (code, err.splitlines()[-1]) == (1, "Error response from daemon: refused")
    assert not (tmp_path / ".docker").exists()


def test_known_credentials_are_tried_without_asking(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/auth", OK)
    pier("login", "-u", "me", "-p", "x", "h")
    assert pier("login", "h") == (
        0,
        "Login Succeeded\n",
        "Authenticating with existing credentials... [Username: me]\n\n"
        " Info -> To login with a different account, run 'pier logout' followed by 'pier login'\n\n\n",
    )
    assert engine.last("POST", "/auth").json["password"] == "x"


def test_logout(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    engine.answer("POST", "/auth", OK)
    pier("login", "-u", "me", "-p", "x", "h")
    assert pier("logout", "h") == (0, "Removing login credentials for h\n", "")
    assert stored(tmp_path) == {}
    assert pier("logout", "h") == (0, "Removing login credentials for h\n", "")


def test_flags_that_make_no_sense(engine: HttpEngine, pier: Pier) -> None:
    assert (
        "cannot specify both --password and --password-stdin"
        in pier("login", "-u", "me", "-p", "x", "--password-stdin")[2]
    )
    assert "requires --username to be set" in pier("login", "--password-stdin")[2]
    assert "non TTY" in pier("login", "h")[2]
