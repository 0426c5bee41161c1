"""Ids and names."""

import pytest

from pier.domain import ids
from pier.domain.errors import InvalidArgument


def test_new_ids_are_full_and_differ() -> None:
    made = {ids.new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(ids.is_full_id(item) for item in made)


def test_a_short_id_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """It becomes a host name, and one of digits alone would be read as an address."""
    drawn = iter(["123456789012" + "a" * 52, "a" * 64])
    monkeypatch.setattr("pier.domain.ids.secrets.token_hex", lambda size: next(drawn))
    assert ids.new_id() == "a" * 64


def test_short_drops_the_algorithm() -> None:
    assert ids.short("0123456789abcdef") == "0123456789ab"
    assert ids.short("sha256:0123456789abcdef") == "0123456789ab"


@pytest.mark.parametrize(
    ("text", "expected"), [("a" * 64, True), ("a" * 63, False), ("A" * 64, False), ("g" * 64, False)]
)
def test_full_ids(text: str, expected: bool) -> None:
    assert ids.is_full_id(text) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", True),
        ("a1", True),
        ("A_b.c-d", True),
        ("a", False),
        ("", False),
        ("-ab", False),
        ("a/b", False),
        ("ab\n", False),
    ],
)
def test_names(name: str, expected: bool) -> None:
    assert ids.is_valid_name(name) is expected


def test_prefixes() -> None:
    known = ["abc1", "abc2", "b"]
    assert ids.match_prefix("abc1", known) == "abc1"
    assert ids.match_prefix("b", known) == "b"
    assert ids.match_prefix("c", known) is None
    assert ids.match_prefix("", known) is None
    with pytest.raises(InvalidArgument, match="multiple IDs found with provided prefix: ab"):
        ids.match_prefix("ab", known)
