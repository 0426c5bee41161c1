import pytest

from pier.domain.errors import InvalidArgument
from pier.oci.timestamps import format_timestamp, parse_timestamp


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-05-01T12:30:00Z", 1714566600_000000000),
        ("2024-05-01T12:30:00.5Z", 1714566600_500000000),
        ("2024-05-01T12:30:00.123456789Z", 1714566600_123456789),
        ("2024-05-01T14:30:00.000000001+02:00", 1714566600_000000001),
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("", 0),
        ("1960-01-01T00:00:00Z", 0),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, time: int) -> None:
    assert parse_timestamp(text) == time


@pytest.mark.parametrize("text", ["yesterday", "2024-05-01", "2024-13-01T00:00:00Z", "2024-05-01T12:30:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_timestamp(text)


@pytest.mark.parametrize("time", [1714566600_000000000, 1714566600_123456789, 1714566600_000000010])
def test_written_times_read_back(time: int) -> None:
    assert parse_timestamp(format_timestamp(time)) == time


def test_trailing_zeroes_are_left_out() -> None:
    assert format_timestamp(1714566600_500000000) == "2024-05-01T12:30:00.5Z"
    assert format_timestamp(0) == "0001-01-01T00:00:00Z"
