import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.logs.jsonfile import PIECE, JsonLines, offset_after

STAMP = b"2026-11-25T01:00:48.952893952Z"


def lines_of(data: bytes, *, final: bool = True, stream: int = 1) -> list[bytes]:
    out, consumed = JsonLines().encode_all(data, stream, STAMP, final=final)
    assert consumed == len(data) or not final
    return out.splitlines(keepends=True)


def text_of(line: bytes) -> bytes:
    head, tail = b'{"log":"', b'","stream":"stdout","time":"' + STAMP + b'"}\n'
    assert line.startswith(head)
    assert line.endswith(tail)
    return line[len(head) : -len(tail)]


@pytest.mark.parametrize(
    ("raw", "written"),
    [  # asked of dockerd 28.5
        (bytes(range(1, 10)) + b"\n", rb"\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\n"),
        (b"\x0b\x0c\r\x0e\x1b\x1f \x7f\n", b"\\u000b\\u000c\\r\\u000e\\u001b\\u001f \x7f\\n"),
        (b'\\ " < > & / end\n', rb"\\ \" \u003c \u003e \u0026 / end\n"),
        ("\u2028 \u2029 \n".encode(), rb"\u2028 \u2029 \n"),
        (b"\xe2\x82x \xef\xbf\xbd \xc3\xa4\n", b"\\ufffd\\ufffdx \xef\xbf\xbd \xc3\xa4\\n"),
        (b"\xff\xfe \xed\xa0\x80 \xf4\x90\x80\x80\n", rb"\ufffd\ufffd \ufffd\ufffd\ufffd \ufffd\ufffd\ufffd\ufffd\n"),
        ("😀\n".encode(), "😀\\n".encode()),
        (b"\n", rb"\n"),
        (b"no newline", b"no newline"),
        (b"\x00\n", rb"\u0000\n"),
    ],
)
def test_escapes_as_dockerd_does(raw: bytes, written: bytes) -> None:
    (line,) = lines_of(raw)
    assert text_of(line) == written


def test_the_stream_and_sorted_attributes_stand_before_the_time() -> None:
    lines = JsonLines({"tag": "lp1", "c": '"<x>', "a": "b"})
    out, _ = lines.encode_all(b"x\ny\n", 2, STAMP)
    attributes = rb'"attrs":{"a":"b","c":"\"\u003cx\u003e","tag":"lp1"}'
    assert out.splitlines() == [
        b'{"log":"%c\\n","stream":"stderr",%b,"time":"%b"}' % (c, attributes, STAMP) for c in (b"x", b"y")
    ]


@pytest.mark.parametrize(
    ("length", "pieces"),
    [
        (PIECE - 1, [PIECE]),
        (PIECE, [PIECE, 1]),  # a newline of its own
        (40000, [PIECE, PIECE, 40000 - 2 * PIECE + 1]),
    ],
)
def test_long_lines_come_in_pieces(length: int, pieces: list[int]) -> None:
    for data in (b"a" * length + b"\n", b"before\n" + b"a" * length + b"\nafter\n"):
        texts = [json.loads(line)["log"] for line in lines_of(data, final=False)]
        assert "".join(texts).encode() == data
        assert [len(text) for text in texts if "a" * 100 in text or text == "\n"] == pieces


def test_an_unfinished_line_is_left_over_until_the_end() -> None:
    out, consumed = JsonLines().encode_all(b"one\ntwo", 1, STAMP)
    assert (out.count(b"\n"), consumed) == (1, 4)
    assert JsonLines().encode_all(b"two", 1, STAMP) == (b"", 0)
    out, consumed = JsonLines().encode_all(b"two", 1, STAMP, final=True)
    assert (text_of(out), consumed) == (b"two", 3)


def test_a_full_piece_is_written_without_waiting_for_its_newline() -> None:
    assert JsonLines().encode_all(b"x" * (PIECE + 5), 1, STAMP)[1] == PIECE


raw_output = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.just(b"\n"),
        st.text(max_size=10).map(str.encode),
        st.just(b"z" * 9000),
        st.just(b"<"),
    ),
    max_size=30,
).map(b"".join)


@given(raw_output)
def test_every_line_is_json_and_nothing_is_lost(data: bytes) -> None:
    decoded = [json.loads(line) for line in lines_of(data)]
    ascii_only = data.isascii()
    text = "".join(entry["log"] for entry in decoded)
    assert {entry["stream"] for entry in decoded} <= {"stdout"}
    if ascii_only:
        assert text.encode() == data
    assert text.count("\n") == data.count(b"\n")
    assert all(entry["log"].find("\n") in (-1, len(entry["log"]) - 1) for entry in decoded)


@given(raw_output, st.booleans(), st.data())
def test_any_prefix_of_the_lines_is_mapped_back_to_the_raw_bytes(data: bytes, final: bool, draw: st.DataObject) -> None:
    out, consumed = JsonLines().encode_all(data, 1, STAMP, final=final)
    count = out.count(b"\n")
    if count == 0:
        return
    some = draw.draw(st.integers(1, count))
    offset = offset_after(data, some, final=final)
    first, first_consumed = JsonLines().encode_all(data[:offset], 1, STAMP, final=True)
    rest, rest_consumed = JsonLines().encode_all(data[offset:], 1, STAMP, final=final)
    assert first + rest == out
    assert first_consumed + rest_consumed == consumed


def text_as_go_decodes_it(data: bytes) -> str:
    """Written for the test: the shortest valid sequence at each place, else one replacement for one byte."""
    found = ""
    while data:
        for length in (1, 2, 3, 4):
            try:
                found += data[:length].decode()
            except UnicodeDecodeError:
                continue
            break
        else:
            found, length = found + "\ufffd", 1
        data = data[length:]
    return found


@given(
    st.lists(
        st.sampled_from(
            [
                b"\xe2\x82\xac",
                *(bytes([b]) for b in b"ax\x01\x80\x90\xa0\xbf\xc2\xe0\xe1\xed\xef\xf0\xf1\xf4\xf5\xff\xbd"),
            ]
        )
    )
)
def test_each_byte_that_is_not_utf8_is_replaced_by_itself(parts: list[bytes]) -> None:
    data = b"".join(parts)
    (line,) = lines_of(data + b"\n")
    assert json.loads(line)["log"] == text_as_go_decodes_it(data) + "\n"
