import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.cli.render import times


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@given(st.datetimes(min_value=datetime(1, 3, 1), timezones=st.just(UTC)))
def test_parsing_agrees_with_datetime(moment: datetime) -> None:
    text = moment.isoformat().replace("+00:00", "Z")
    seconds, nanoseconds = times.parse_time_parts(text)
    whole = moment.replace(microsecond=0)
    assert (seconds, nanoseconds) == (int(whole.timestamp()), moment.microsecond * 1000)


def test_offsets_and_the_zero_time() -> None:
    assert times.parse_time("1970-01-01T02:00:00.5+02:00") == 0.5
    assert times.parse_time("1969-12-31T23:00:00-01:00") == 0
    assert times.parse_time("0001-01-01T00:00:00Z") == 0
    with pytest.raises(ValueError):
        times.parse_time("1970-01-01T00:00:00")


def test_forms() -> None:
    assert times.go_time(1795567996) == "2026-11-25 00:53:16 +0000 UTC"
    assert times.go_time(0, 119121139) == "1970-01-01 00:00:00.119121139 +0000 UTC"
    assert times.rfc3339_nano(0, 5) == "1970-01-01T00:00:00.000000005Z"
    assert times.rfc3339(0) == "1970-01-01T00:00:00Z"


def test_forms_in_another_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    assert times.rfc3339(0) == "1970-01-01T02:00:00+02:00"
    assert times.go_time(0) == "1970-01-01 02:00:00 +0200 XYZ"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("10m", "400"),
        ("0s", "1000"),
        ("0", "0"),
        ("123", "123"),
        ("123.5", "123.5"),
        ("1970-01-01T00:00:07Z", "7.000000000"),
        ("1970-01-01T00:00:07.25Z", "7.250000000"),
        ("1970-01-01T02:00:07+02:00", "7.000000000"),
        ("1970-01-01T00:01", "60.000000000"),
        ("1970-01-02", "86400.000000000"),
    ],
)
def test_since_arguments(text: str, sent: str) -> None:
    assert times.since_argument(text, 1000.0) == sent


@pytest.mark.parametrize("text", ["soon", "1970", "1970-01", "x-y-zT1"])
def test_bad_since_arguments(text: str) -> None:
    if text == "1970":  # unix seconds
        assert times.since_argument(text, 0) == "1970"
        return
    with pytest.raises(ValueError):
        times.since_argument(text, 1000.0)
