"""ls, show and inspect."""

import json
from collections.abc import Callable

import pytest

Pier = Callable[..., tuple[int, str, str]]


def test_numbers_in_names_sort_as_numbers(pier: Pier) -> None:
    for name in ("b10", "b9", "a1", "b9x"):
        pier("context", "create", name, "--docker", "host=tcp://h:1")
    assert pier("context", "ls", "--quiet") == (0, "a1\nb9\nb9x\nb10\ndefault\n", "")


def test_the_one_in_use_is_listed_also_when_it_is_not_there(pier: Pier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    code, out, _ = pier("context", "ls", "--format", "json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(row["Name"], row["Current"], row["Error"][:25]) for row in rows] == [
        ("default", False, ""),
        ("gone", True, 'context "gone": context n'),
    ]


def test_a_variable_that_overrides_is_named(pier: Pier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIER_HOST", "unix:///x")
    assert pier("context", "ls")[2].startswith("Warning: PIER_HOST environment variable overrides the active context.")


def test_inspect_shows_names_of_files_not_what_they_hold(pier: Pier) -> None:
    with open("ca.pem", "w") as file:
        file.write("-----BEGIN CERTIFICATE-----\nsecret\n")
    pier("context", "create", "far", "--docker", "host=tcp://h:1,ca=ca.pem")
    code, out, _ = pier("context", "inspect", "far")
    assert code == 0
    assert json.loads(out)[0]["TLSMaterial"] == {"docker": ["ca.pem"]}
    assert "secret" not in out
