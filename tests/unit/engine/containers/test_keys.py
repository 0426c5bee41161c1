"""The detach sequence is found across reads, and nothing typed is lost."""

import pytest

from pier.domain.errors import InvalidArgument
from pier.engine.containers.keys import DetachKeys, parse_detach_keys


def test_the_sequence_is_found_across_reads_and_held_back() -> None:
    keys = DetachKeys()
    assert keys.feed(b"ab\x10") == (b"ab", False)
    assert keys.feed(b"\x11rest") == (b"", True)


def test_a_broken_sequence_is_passed_on() -> None:
    keys = DetachKeys()
    assert keys.feed(b"\x10") == (b"", False)
    assert keys.feed(b"x") == (b"\x10x", False)
    assert keys.feed(b"\x10\x10\x11") == (b"\x10", True)


@pytest.mark.parametrize(
    ("text", "typed"),
    [("", b"\x10\x11"), ("a", b"a"), ("ctrl-a,b", b"\x01b"), ("ctrl-@,ctrl-_,ctrl-[", b"\x00\x1f\x1b")],
)
def test_keys_are_parsed(text: str, typed: bytes) -> None:
    assert parse_detach_keys(text).feed(typed) == (b"", True)


@pytest.mark.parametrize("text", ["ctrl-", "ctrl-A", "ab", "ctrl-p,", "ctrl-1", "é"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="detach keys"):
        parse_detach_keys(text)
