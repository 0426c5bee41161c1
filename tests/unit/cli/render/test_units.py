import pytest

from pier.cli.render.units import binary_size, decimal_size, span


@pytest.mark.parametrize(
    ("size", "digits", "text"),
    [
        (0, 3, "0B"),
        (999, 3, "999B"),
        (1000, 3, "1kB"),
        (1982422, 3, "1.98MB"),
        (1982422, 4, "1.982MB"),
        (5e12, 3, "5TB"),
    ],
)
def test_decimal_sizes(size: float, digits: int, text: str) -> None:
    assert decimal_size(size, digits) == text


@pytest.mark.parametrize(("size", "text"), [(0, "0B"), (647168, "632KiB"), (25275572224, "23.54GiB")])
def test_binary_sizes(size: int, text: str) -> None:
    assert binary_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "Less than a second"),
        (1.9, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (3 * 3600, "3 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (15 * 86400, "2 weeks"),
        (70 * 86400, "2 months"),
        (800 * 86400, "2 years"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text
