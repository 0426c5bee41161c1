"""Yes and no as Go writes them."""

import pytest

from pier.domain.booleans import EITHER, FALSE, TRUE


@pytest.mark.parametrize("text", ["1", "t", "T", "true", "TRUE", "True"])
def test_yes(text: str) -> None:
    assert text in TRUE
    assert text not in FALSE


@pytest.mark.parametrize("text", ["0", "f", "F", "false", "FALSE", "False"])
def test_no(text: str) -> None:
    assert text in FALSE
    assert text not in TRUE


@pytest.mark.parametrize("text", ["", "yes", "on", "tRUE", "2", " true"])
def test_neither(text: str) -> None:
    assert text not in EITHER
