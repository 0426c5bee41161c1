import signal

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.signals import parse_signal


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("TERM", 15),
        ("SIGTERM", 15),
        ("sigterm", 15),
        ("15", 15),
        ("KILL", 9),
        ("RTMIN", 34),
        ("SIGRTMIN+3", 37),
        ("RTMAX", 64),
        ("RTMAX-14", 50),
        ("POLL", 29),
        ("IOT", 6),
        ("64", 64),
    ],
)
def test_names_and_numbers(text: str, number: int) -> None:
    assert parse_signal(text) == number


@pytest.mark.parametrize("text", ["", "0", "-9", "TERMX", "SIG", "9x", "RTMIN+16", "SIGSIGTERM", "٣", "9" * 5000])
def test_unknown_signals_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid signal: "):
        parse_signal(text)


def test_a_number_that_no_signal_has() -> None:
    with pytest.raises(InvalidArgument, match="the linux daemon does not support signal 65"):
        parse_signal("65")


def test_table_agrees_with_the_kernel_of_this_machine() -> None:
    for known in signal.Signals:
        assert parse_signal(known.name) == known.value
