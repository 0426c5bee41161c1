import pytest

from pier.cli import quantities


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("100", 100),
        ("100b", 100),
        ("1k", 1024),
        ("64m", 64 << 20),
        ("32mb", 32 << 20),
        ("1GiB", 1 << 30),
        ("1.5g", 3 << 29),
        ("2 T", 2 << 40),
        (".5k", 512),
    ],
)
def test_sizes(text: str, value: int) -> None:
    assert quantities.read_bytes(text) == value


@pytest.mark.parametrize("text", ["", "x", "-1", "1x", "1.2.3", "k", "1kk", "٣", "1 2"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid s(ize|uffix)"):
        quantities.read_bytes(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("5s", 5 * 10**9),
        ("1h1m1.5s", 3661500000000),
        ("500ms", 500 * 10**6),
        ("-1s", -(10**9)),
        ("+2us", 2000),
        ("3µs", 3000),
        ("7ns", 7),
        (".5s", 500 * 10**6),
    ],
)
def test_durations(text: str, value: int) -> None:
    assert quantities.read_duration(text) == value


@pytest.mark.parametrize("text", ["", "x", "5", "5x", "s", "1..2s", ".s", "--1s", "1h x"])
def test_bad_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"in duration|invalid duration"):
        quantities.read_duration(text)


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", 15 * 10**8), (".25", 25 * 10**7), ("2", 2 * 10**9), ("-1", -(10**9))]
)
def test_decimals(text: str, value: int) -> None:
    assert quantities.read_decimal(text) == value


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "0.0000000001"])
def test_bad_decimals(text: str) -> None:
    with pytest.raises(ValueError, match=r"rational|precise"):
        quantities.read_decimal(text)


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("-5", -5), ("0x10", 16), ("010", 8)])
def test_integers_as_go_reads_them(text: str, value: int) -> None:
    assert quantities.read_int(text) == value


@pytest.mark.parametrize("text", ["", "x", "1.5", str(1 << 63)])
def test_bad_integers(text: str) -> None:
    with pytest.raises(ValueError, match="ParseInt"):
        quantities.read_int(text)


def test_uint16_has_bounds() -> None:
    assert quantities.read_uint16("65535") == 65535
    for text, reason in (("65536", "out of range"), ("-1", "invalid syntax"), ("x", "invalid syntax")):
        with pytest.raises(ValueError, match=reason):
            quantities.read_uint16(text)


def test_booleans_and_swap() -> None:
    assert quantities.read_bool("T") is True
    assert quantities.read_bool("0") is False
    with pytest.raises(ValueError, match="ParseBool"):
        quantities.read_bool("yes")
    assert quantities.read_swap("-1") == -1
    assert quantities.read_swap("1k") == 1024
