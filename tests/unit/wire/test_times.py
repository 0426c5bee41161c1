import pytest

from pier.wire.times import parse_int, parse_rfc3339, parse_unix, rfc3339, rfc3339_fixed

MOMENT = 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0, "0001-01-01T00:00:00Z"),
        (MOMENT, "2023-11-14T22:13:20Z"),
        (MOMENT + 1, "2023-11-14T22:13:20.000000001Z"),
        (MOMENT + 120_000_000, "2023-11-14T22:13:20.12Z"),
    ],
)
def test_there_and_back(moment: int, text: str) -> None:
    assert rfc3339(moment) == text
    assert parse_rfc3339(text) == moment


def test_log_times_have_nine_digits() -> None:
    assert rfc3339_fixed(MOMENT) == "2023-11-14T22:13:20.000000000Z"


@pytest.mark.parametrize("text", ["2023-11-15T00:13:20+02:00", "2023-11-14T20:13:20-02:00"])
def test_offsets_are_read(text: str) -> None:
    assert parse_rfc3339(text) == MOMENT


@pytest.mark.parametrize("text", ["", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13:20.xZ", "yesterdayZ"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("1700000000", MOMENT), ("1.5", 1_500_000_000), ("1.000000001", 1_000_000_001), ("0", 0), ("-1", -1_000_000_000)],
)
def test_unix_times(text: str, moment: int) -> None:
    assert parse_unix(text) == moment


@pytest.mark.parametrize("text", ["9999999999", "9223372036854775807.999999999"])
def test_a_time_beyond_all_times_is_the_last_one(text: str) -> None:
    assert parse_unix(text) == (1 << 63) - 1
    assert parse_unix(f"-{text}") == -((1 << 63) - 1)


@pytest.mark.parametrize("text", ["zz", "1.x", "", "1-2", "1.", ".5"])
def test_what_is_no_unix_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"strconv\.ParseInt: parsing .*: invalid syntax"):
        parse_unix(text)


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "1" * 5000, "1.9223372036854775808"])
def test_what_is_no_number_of_64_bits(text: str) -> None:
    with pytest.raises(ValueError, match=r"strconv\.ParseInt: parsing .*: value out of range"):
        parse_unix(text)


def test_numbers_of_64_bits() -> None:
    texts = ("9223372036854775807", "-9223372036854775808", "+7", "0000000000000000000000000000008")
    assert [parse_int(text, "Atoi") for text in texts] == [(1 << 63) - 1, -(1 << 63), 7, 8]
