"""What create sends for a command line, against what docker's CLI was seen to send for the same one."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from pier.cli.container.create import CREATE
from pier.cli.container.request import create_body, read_restart_policy
from pier.cli.errors import CliError, UsageError
from pier.cli.flags import Values
from pier.cli.parser import read_command

GOLDEN = json.loads((Path(__file__).parent / "create_lines.json").read_text())
OWN = {"HOME": "/home/me"}


def body_of(line: str) -> tuple[dict[str, Any], Values]:
    values, arguments = read_command(CREATE, shlex.split(line))
    return create_body(values, arguments, OWN, "/run/pier/pier.sock"), values


def with_differences(differs: dict[str, Any]) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads(json.dumps(GOLDEN["empty"]))
    for path, value in differs.items():
        *parents, key = path.split(".", 1)
        target = expected[parents[0]] if parents else expected
        target[key] = value
    return expected


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "env").write_text("A=1\n#c\nB\nHOME\n\n C=x y\n")
    (tmp_path / "labels").write_text("l1=v1\n# c\nl2\n")
    (tmp_path / "seccomp.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


ACCEPTED = [row for row in GOLDEN["lines"] if "differs" in row]
REFUSED = [row for row in GOLDEN["lines"] if "error" in row and "--pull" not in row["line"]]


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row["line"])
def test_the_body_is_the_one_docker_sends(row: dict[str, Any], folder: Path) -> None:
    body, values = body_of(row["line"].replace("{dir}", str(folder)))
    expected = with_differences(row["differs"])
    assert body == json.loads(json.dumps(expected).replace("{cwd}", str(folder)))
    query = {key: values.text(key) for key in ("name", "platform") if values.text(key)}
    assert "&".join(f"{key}={value.replace('/', '%2F')}" for key, value in query.items()) == row.get("query", "")


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["line"])
def test_what_docker_refuses_is_refused_in_the_same_words(row: dict[str, str], folder: Path) -> None:
    with pytest.raises((CliError, UsageError)) as caught:
        body_of(row["line"])
    assert str(caught.value) == row["error"]


def test_every_value_of_an_environment_flag_counts_once_and_the_last_wins(folder: Path) -> None:
    assert body_of("-e A=1 -e HOME -e NONE -e B= -e A=2 img")[0]["Env"] == ["A=2", "HOME=/home/me", "NONE", "B="]


def test_windows_flags_are_refused_by_name() -> None:
    with pytest.raises(CliError, match="--cpu-count"):
        body_of("--cpu-count 1 img")


def test_the_api_socket_is_mounted_where_clients_look_for_it() -> None:
    mounts = body_of("--use-api-socket img")[0]["HostConfig"]["Mounts"]
    assert [(mount["Source"], mount["Target"]) for mount in mounts] == [("/run/pier/pier.sock", "/var/run/docker.sock")]


@pytest.mark.parametrize("text", ["on-failure:x", ":3"])
def test_bad_restart_policies(text: str) -> None:
    with pytest.raises(CliError, match="invalid restart policy format"):
        read_restart_policy(text)
