import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pier.cli.errors import CliError
from pier.cli.image.credentials import registry_headers
from pier.cli.session import Session


def session(tmp_path: Path, config: dict[str, Any]) -> Session:
    (tmp_path / "config.json").write_text(json.dumps(config))
    return Session(environ={}, config_dir=str(tmp_path))


def decoded(headers: list[tuple[str, str]]) -> dict[str, str]:
    ((name, value),) = headers
    assert name == "X-Registry-Auth"
    sent: dict[str, str] = json.loads(base64.urlsafe_b64decode(value))
    return sent


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("key", "domain", "server"),
    [
        ("https://index.docker.io/v1/", "docker.io", "https://index.docker.io/v1/"),
        ("h:5000", "h:5000", "h:5000"),
        ("https://h:5000", "h:5000", "h:5000"),
    ],
)
def test_from_the_file(tmp_path: Path, key: str, domain: str, server: str) -> None:
    config = {"auths": {key: {"auth": encoded("me:pass:word")}}}
    assert decoded(registry_headers(session(tmp_path, config), domain)) == {
        "username": "me",
        "password": "pass:word",
        "serveraddress": server,
    }


def test_tokens_and_nothing(tmp_path: Path) -> None:
    config = {"auths": {"h": {"identitytoken": "t"}, "empty": {}}}
    assert decoded(registry_headers(session(tmp_path, config), "h"))["identitytoken"] == "t"
    assert registry_headers(session(tmp_path, config), "empty") == []
    assert registry_headers(session(tmp_path, config), "other") == []
    with pytest.raises(CliError, match="not base64"):
        registry_headers(session(tmp_path, {"auths": {"h": {"auth": "a"}}}), "h")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('read key; echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$key\\"}"', {"username": "u", "password": "h"}),
        ('echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"s\\"}"', {"identitytoken": "s"}),
        ("echo credentials not found; exit 1", None),
    ],
)
def test_from_a_helper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: dict[str, str] | None
) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text(f"#!/bin/sh\n{script}\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    headers = registry_headers(session(tmp_path, {"credsStore": "test"}), "h")
    assert (decoded(headers) if headers else None) == ({**found, "serveraddress": "h"} if found else None)


def test_a_helper_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CliError, match="docker-credential-absent failed"):
        registry_headers(session(tmp_path, {"credHelpers": {"h": "absent"}}), "h")
    helper = tmp_path / "docker-credential-bad"
    helper.write_text("#!/bin/sh\necho locked >&2; exit 2\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(CliError, match="exit status 2, out: `locked`"):
        registry_headers(session(tmp_path, {"credsStore": "bad"}), "h")
