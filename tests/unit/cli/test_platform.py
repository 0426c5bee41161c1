"""Platforms as flags name them."""

import pytest

from pier.cli.errors import CliError
from pier.cli.platform import check_platform


def test_the_parts_of_a_platform() -> None:
    assert check_platform("linux/amd64") == ["linux", "amd64"]
    assert check_platform("linux/arm/v7") == ["linux", "arm", "v7"]


@pytest.mark.parametrize("text", ["linux", "linux/", "/amd64", "a/b/c/d", ""])
def test_what_is_no_platform_is_named(text: str) -> None:
    with pytest.raises(CliError, match=f'error parsing specified platform: "{text}": it is os/arch'):
        check_platform(text)
