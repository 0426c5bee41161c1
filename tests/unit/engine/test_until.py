"""Moments and durations."""

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.filters import Filters
from pier.engine.until import earliest_until, parse_until

HOUR = 3600 * 10**9
NOW = 10**18


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h", NOW - HOUR),
        ("1h30m", NOW - HOUR - HOUR // 2),
        ("100", 100 * 10**9),
        ("1970-01-02", 24 * HOUR),
        ("1970-01-01T01:00:00+00:00", HOUR),
    ],
)
def test_until(text: str, expected: int) -> None:
    assert parse_until(Filters({"until": (text,)}), NOW) == expected


def test_without_until_there_is_no_bound() -> None:
    assert parse_until(Filters(), NOW) == 0


@pytest.mark.parametrize("values", [("soon",), ("1x",), ("1h", "2h"), ("9" * 400,), ("9" * 400 + "h",)])
def test_nonsense_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgument):
        parse_until(Filters({"until": values}), NOW)


def test_of_several_the_earliest_counts_where_several_are_allowed() -> None:
    assert earliest_until(Filters({"until": ("1h", "100", "2h")}), NOW) == 100 * 10**9
    assert earliest_until(Filters(), NOW) == 0
