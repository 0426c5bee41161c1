import pytest
from benchmark.samples import Row, number, percentile, spread, with_spread


def test_ratio_is_of_rounds() -> None:
    row = Row("ms", {"a": [1, 10, 100], "b": [2, 10, 50]})
    assert row.ratio("a", "b") == 1  # not of 10 and 10 by chance: 0.5, 1, 2
    assert row.pairs("a", "b") == [0.5, 1, 2]


def test_ratio_is_of_medians_where_rounds_are_missing() -> None:
    row = Row("ms", {"a": [1, 2, 3], "b": [4, 4]})
    assert row.ratio("a", "b") == 0.5
    assert row.pairs("a", "b") == []


@pytest.mark.parametrize("values", [{}, {"a": [1.0]}, {"a": [1.0], "b": [0.0]}])
def test_no_ratio_without_two(values: dict[str, list[float]]) -> None:
    assert Row("ms", values).ratio("a", "b") is None


@pytest.mark.parametrize(
    ("unit", "values", "best"),
    [
        ("ms", {"a": [1.0], "b": [2.0]}, "a"),
        ("MB/s", {"a": [1.0], "b": [2.0]}, "b"),
        ("ms", {"a": [100.0], "b": [104.0]}, "~"),
        ("ms", {"a": [1.0, 3.0, 1.0], "b": [2.0, 2.0, 2.0]}, "~"),  # its spread holds 1
        ("ms", {"a": [1.0]}, ""),
        ("ms", {"b": [1.0], "a": []}, ""),
    ],
)
def test_best_of_two(unit: str, values: dict[str, list[float]], best: str) -> None:
    assert Row(unit, values).best(["a", "b"]) == best


def test_best_of_three() -> None:
    row = Row("1/s", {"a": [1.0], "b": [5.0], "c": [3.0]})
    assert row.best(["a", "b", "c"]) == "b"


def test_spread() -> None:
    assert spread([1]) is None
    assert spread([3, 1]) == (1, 3)
    assert spread([1, 2, 3, 4, 100]) == (2, 4)


def test_percentile() -> None:
    assert percentile(list(range(100)), 0.99) == 99
    assert percentile([7], 0.99) == 7


def test_numbers() -> None:
    assert [number(value) for value in (None, 0.01234, 12.34, 123.4)] == ["-", "0.0123", "12.3", "123"]
    assert with_spread(2, [1, 2, 3]) == "2 (1..3)"
    assert with_spread(2, [2]) == "2"
