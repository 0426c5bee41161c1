"""Which context is in use."""

import pytest

from pier.cli.context_choice import choose_context, default_host, host_variable
from pier.cli.errors import CliError

CONFIG = {"currentContext": "kept"}


@pytest.mark.parametrize(
    ("flag", "host", "environ", "chosen"),
    [
        ("", "", {}, "kept"),
        ("far", "", {"DOCKER_HOST": "unix:///x", "DOCKER_CONTEXT": "other"}, "far"),
        ("", "unix:///x", {"DOCKER_CONTEXT": "other"}, "default"),
        ("", "", {"DOCKER_HOST": "unix:///x", "DOCKER_CONTEXT": "other"}, "default"),
        ("", "", {"PIER_HOST": "unix:///x"}, "default"),
        ("", "", {"DOCKER_HOST": "", "DOCKER_CONTEXT": "other"}, "other"),
        ("default", "", {}, "default"),
    ],
)
def test_the_nearest_choice_wins(flag: str, host: str, environ: dict[str, str], chosen: str) -> None:
    assert choose_context(flag, host, environ, lambda: CONFIG) == chosen


def test_without_any_choice_it_is_the_default() -> None:
    assert choose_context("", "", {}, dict) == "default"


def test_the_configuration_is_not_read_where_it_does_not_matter() -> None:
    def read() -> dict[str, str]:
        raise AssertionError("config.json was read")

    assert choose_context("", "", {"DOCKER_HOST": "unix:///x"}, read) == "default"


def test_two_choices_on_one_line_are_refused() -> None:
    with pytest.raises(CliError, match="cannot specify both --host and --context"):
        choose_context("far", "unix:///x", {}, dict)


def test_the_default_context_is_where_the_variables_say() -> None:
    assert default_host("unix:///f", {"PIER_HOST": "unix:///p"}) == "unix:///f"
    assert default_host("", {"PIER_HOST": "unix:///p", "DOCKER_HOST": "unix:///d"}) == "unix:///p"
    assert default_host("", {"DOCKER_HOST": "unix:///d"}) == "unix:///d"
    assert default_host("", {}) == "unix:///run/pier/pier.sock"
    assert host_variable({"DOCKER_HOST": ""}) == ""
