import signal

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.signals import parse_signal, signal_name


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


@pytest.mark.parametrize("text", ["", "0", "65", "-9", "TERMX", "SIG", "9x", "RTMIN+16", "SIGSIGTERM", "٣"])
def test_unknown_signals_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid signal: "):
        parse_signal(text)


def test_table_agrees_with_the_kernel_of_this_machine() -> None:
    for known in signal.Signals:
        assert parse_signal(known.name) == known.value


def test_names_lead_back_to_their_numbers() -> None:
    assert signal_name(15) == "TERM"
    assert signal_name(32) == "32"
    for number in range(1, 65):
        assert parse_signal(signal_name(number)) == number
