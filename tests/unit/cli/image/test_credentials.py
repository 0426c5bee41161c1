import base64
import json
import os

import pytest

from pier.cli.errors import CliError
from pier.cli.image.credentials import registry_headers
from pier.cli.session import Session


def session(tmp_path, config):
    (tmp_path / "config.json").write_text(json.dumps(config))
    return Session(environ={}, config_dir=str(tmp_path))


def decoded(headers):
    ((name, value),) = headers
    assert name == "X-Registry-Auth"
    return json.loads(base64.urlsafe_b64decode(value))


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("key", "domain", "server"),
    [
        ("https://index.docker.io/v1/", "docker.io", "https://index.docker.io/v1/"),
        ("h:5000", "h:5000", "h:5000"),
        ("https://h:5000", "h:5000", "h:5000"),
    ],
)
def test_from_the_file(tmp_path, key, domain, server):
    config = {"auths": {key: {"auth": encoded("me:pass:word")}}}
    assert decoded(registry_headers(session(tmp_path, config), domain)) == {
        "username": "me",
        "password": "pass:word",
        "serveraddress": server,
    }


def test_tokens_and_nothing(tmp_path):
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
def test_from_a_helper(tmp_path, monkeypatch, script, found):
    helper = tmp_path / "docker-credential-test"
    helper.write_text(f"#!/bin/sh\n{script}\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    headers = registry_headers(session(tmp_path, {"credsStore": "test"}), "h")
    assert (decoded(headers) if headers else None) == ({**found, "serveraddress": "h"} if found else None)


def test_a_helper_that_fails(tmp_path, monkeypatch):
    with pytest.raises(CliError, match="docker-credential-absent failed"):
        registry_headers(session(tmp_path, {"credHelpers": {"h": "absent"}}), "h")
    helper = tmp_path / "docker-credential-bad"
    helper.write_text("#!/bin/sh\necho locked >&2; exit 2\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(CliError, match="exit status 2, out: `locked`"):
        registry_headers(session(tmp_path, {"credsStore": "bad"}), "h")
