"""Filters: which keys and values, and what they match."""

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.filters import Filters


def test_keys_that_are_not_known() -> None:
    Filters({"name": ("x",)}).require_known(("name", "label"))
    with pytest.raises(InvalidArgument, match="invalid filter 'nope'"):
        Filters({"nope": ("x",)}).require_known(("name",))


def test_a_key_without_values_is_not_there() -> None:
    filters = Filters({"name": (), "label": ("a",)})
    assert "label" in filters
    assert "name" not in filters
    assert "other" not in filters
    assert filters.get("other") == ()


@pytest.mark.parametrize(
    ("values", "expected"), [((), None), (("true",), True), (("1",), True), (("0",), False), (("false", "F"), False)]
)
def test_a_flag(values: tuple[str, ...], expected: bool | None) -> None:
    filters = Filters({"all": values})
    for default in (True, False):
        assert filters.flag("all", default) is (default if expected is None else expected)


@pytest.mark.parametrize("values", [("yes",), ("true", "false"), ("",)])
def test_a_flag_that_is_neither(values: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter 'all="):
        Filters({"all": values}).flag("all", False)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), True),
        (("a",), True),
        (("a=1",), True),
        (("a=2",), False),
        (("a", "b="), True),
        (("a", "c"), False),  # all must match
        (("a=",), False),
    ],
)
def test_labels(wanted: tuple[str, ...], expected: bool) -> None:
    labels = {"a": "1", "b": ""}
    assert Filters({"label": wanted}).match_labels(labels) is expected


@pytest.mark.parametrize(("unwanted", "expected"), [((), True), (("c",), True), (("a=2", "c"), True), (("a",), False)])
def test_absent_labels(unwanted: tuple[str, ...], expected: bool) -> None:
    assert Filters({"label!": unwanted}).match_absent_labels({"a": "1"}) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [((), True), (("eb",), True), (("^web$",), True), (("^eb",), False), (("^/web",), True), (("(", "web"), True)],
)
def test_texts(values: tuple[str, ...], expected: bool) -> None:
    assert Filters({"name": values}).match_text("name", "web", "/web") is expected


@pytest.mark.parametrize("value", ["(", "*", "["])
def test_what_is_no_pattern_is_found_only_as_it_is(value: str) -> None:
    assert not Filters({"name": (value,)}).match_text("name", f"a{value}")
    assert Filters({"name": (value,)}).match_text("name", value)
