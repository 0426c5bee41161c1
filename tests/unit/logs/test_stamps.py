import pytest

from pier.logs.stamps import format_stamp, parse_stamp


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1795568448952893952, "2026-11-25T01:00:48.952893952Z"),
        (1795568448000000001, "2026-11-25T01:00:48.000000001Z"),
        (1795568448500000000, "2026-11-25T01:00:48.5Z"),
        (1795568448963297880, "2026-11-25T01:00:48.96329788Z"),
    ],
)
def test_formats_as_rfc3339nano_and_back(nanoseconds: int, text: str) -> None:
    assert format_stamp(nanoseconds) == text.encode()
    assert parse_stamp(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-25T01:00:48.xZ"])
def test_what_is_no_time_is_never(text: str) -> None:
    assert parse_stamp(text) == 0
