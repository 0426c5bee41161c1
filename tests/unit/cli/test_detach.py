import pytest

from pier.cli.detach import DetachFilter, parse_keys


def test_keys() -> None:
    assert parse_keys("ctrl-p,ctrl-q") == b"\x10\x11"
    assert parse_keys("a,ctrl-@,ctrl-[") == b"a\0\x1b"
    for text in ("", "ab", "ctrl-", "ctrl-1", "é"):
        with pytest.raises(ValueError, match="unknown character"):
            parse_keys(text)


@pytest.mark.parametrize(
    ("pieces", "passed", "detached"),
    [
        ([b"abc"], b"abc", False),
        ([b"a\x10\x11b"], b"a", True),
        ([b"a\x10", b"\x11"], b"a", True),
        ([b"\x10x"], b"\x10x", False),
        ([b"\x10", b"x"], b"\x10x", False),
        ([b"\x10\x10\x11"], b"\x10", True),
        ([b"\x10"], b"", False),
    ],
)
def test_the_keys_are_found_wherever_reads_cut_them(pieces: list[bytes], passed: bytes, detached: bool) -> None:
    keys = DetachFilter(b"\x10\x11")
    assert b"".join(keys.feed(piece) for piece in pieces) == passed
    assert keys.detached is detached


def test_a_single_key_detaches_at_once_and_no_keys_never() -> None:
    single = DetachFilter(b"\x01")
    assert (single.feed(b"x\x01y"), single.detached) == (b"x", True)
    never = DetachFilter(b"")
    assert (never.feed(b"\x10\x11"), never.detached) == (b"\x10\x11", False)
