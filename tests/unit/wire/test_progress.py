import pytest

from pier.wire.progress import ProgressDetail, ProgressLine, bar, error_line, progress_bytes


def test_a_line_has_only_what_it_says() -> None:
    line = ProgressLine(status="Downloading", id="abc", progress_detail=ProgressDetail(current=1, total=2))
    assert progress_bytes(line) == b'{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"abc"}\r\n'


def test_an_error_is_there_twice() -> None:
    assert progress_bytes(error_line("no", 2)) == b'{"errorDetail":{"code":2,"message":"no"},"error":"no"}\r\n'


@pytest.mark.parametrize(
    ("current", "total", "text"),
    [
        (0, 100, "[>" + " " * 49 + "]       0B/100B"),
        (50, 100, "[" + "=" * 25 + ">" + " " * 24 + "]      50B/100B"),
        (100, 100, "[" + "=" * 50 + "]     100B/100B"),
        (2000, 0, "     2kB"),
    ],
)
def test_the_bar(current: int, total: int, text: str) -> None:
    assert bar(current, total) == text
