from pathlib import Path

import pytest

from pier.logs import localformat
from pier.logs.localfile import LocalLines
from pier.logs.localformat import LocalFormat


def record(text: bytes, time: int = 1, stream: int = 1) -> bytes:
    return LocalLines().encode(text, stream, time, final=True, room=1 << 20)[0]


def test_a_record_is_read_as_written() -> None:
    (one, two) = LocalFormat().decode(record(b"a\xff\n", 5) + record(b"b", 7, 2))
    assert (one.stream, one.time, one.text, one.attributes) == (1, 5, b"a\xff\n", {})
    assert (two.stream, two.time, two.text) == (2, 7, b"b")


def test_unknown_fields_are_passed_over_and_a_damaged_message_left_out() -> None:
    further = b"\x0a\x06stdout\x10\x05\x1a\x01a\x32\x03new\x38\x01"
    wrong = b"\x0a\x06stdout\x10"
    framed = [len(body).to_bytes(4, "big") + body + len(body).to_bytes(4, "big") for body in (wrong, further)]
    assert [line.text for line in LocalFormat().decode(b"".join(framed))] == [b"a\n"]


def test_whole_records_end_where_the_sizes_disagree() -> None:
    good = record(b"a\n") + record(b"b\n")
    form = LocalFormat()
    for torn in (b"", b"\0", good[:7], good[:20], b"\0\0\0\x02ab\0\0\0\x03", b"\xff" * 9):
        assert form.whole(good + torn) == len(good)
        assert form.count(good + torn) == 2
    assert form.offset(good, 0) == 0
    assert form.offset(good, 1) == len(good) // 2


@pytest.mark.parametrize("block", [64, 1 << 20])
def test_tail_and_time_are_found_whatever_the_block(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(localformat, "_BLOCK", block)
    records = [record(b"line %d\n" % n, n) for n in range(1, 21)]
    path = tmp_path / "log"
    path.write_bytes(b"".join(records) + b"\0\0\0\x20torn")
    with path.open("rb", buffering=0) as stream:
        for count in (0, 1, 5, 20, 30):
            there = min(count, 20)
            start = len(b"".join(records[: 20 - there]))
            assert LocalFormat().find_tail(stream, count) == (start, there)
        for time in (0, 1, 10, 20):
            assert LocalFormat().find_time(stream, time) == len(b"".join(records[: max(0, time - 1)]))
        assert LocalFormat().find_time(stream, 99) == len(b"".join(records))
