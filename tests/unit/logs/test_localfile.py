import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.logs.jsonfile import PIECE
from pier.logs.localfile import LocalLines
from pier.logs.localformat import LocalFormat

# `echo one; echo; echo err >&2; printf nonl` as dockerd 28.5 has written it, the id of the last line shortened to `?`.
RECORDED = bytes.fromhex(
    "00000017 0a06 7374646f7574 10 cac8d4e4fec2d2f518 1a03 6f6e65 00000017"
    "00000012 0a06 7374646f7574 10 fbecd6e4fec2d2f518 00000012"
    "00000017 0a06 737464657272 10 c1f6d7e4fec2d2f518 1a03 657272 00000017"
)
TIMES = (1795610343051174986, 1795610343051212411, 1795610343051230017, 1795610343086926646)


def encode(data: bytes, *, final: bool = True, room: int = 1 << 30, lines: LocalLines | None = None) -> bytes:
    out, consumed = (lines or LocalLines()).encode(data, 1, TIMES[0], final=final, room=room)
    assert consumed == len(data) or not final or room < 1 << 30
    return out


def test_records_are_dockerds_byte_for_byte() -> None:
    lines = LocalLines()
    out = b""
    for data, stream, time in ((b"one\n", 1, TIMES[0]), (b"\n", 1, TIMES[1]), (b"err\n", 2, TIMES[2])):
        out += lines.encode(data, stream, time, final=False, room=1 << 20)[0]
    assert out == RECORDED


def test_a_last_line_without_newline_is_a_piece_with_an_id_of_its_own() -> None:
    lines = LocalLines()
    out, consumed = lines.encode(b"nonl", 1, TIMES[3], final=True, room=1 << 20)
    head = bytes.fromhex("00000060 0a06 7374646f7574 10 b6d6daf5fec2d2f518 1a04 6e6f6e6c 2001 2a44 1240")
    assert (consumed, out[: len(head)], out[len(head) + 64 :]) == (4, head, bytes.fromhex("1801 00000060"))


def test_pieces_of_one_line_share_an_id_and_are_numbered_over_batches() -> None:
    lines = LocalLines()
    data = b"x" * (2 * PIECE)
    out = encode(data, lines=lines)
    out += encode(b"rest\nnext\n", lines=lines)
    bodies = []
    while out:
        (size,) = struct.unpack_from(">I", out)
        bodies.append(out[4 : 4 + size])
        out = out[8 + size :]
    marks = [body.partition(b"\x20\x01\x2a")[2] for body in bodies]
    ids = {mark[mark.index(b"\x12\x40") + 2 :][:64] for mark in marks[:3]}
    assert len(ids) == 1
    assert [mark[-1:] for mark in marks] == [b"\x01", b"\x02", b"\x03", b""]
    assert [b"\x08\x01\x12\x40" in mark for mark in marks] == [False, False, True, False]


@pytest.mark.parametrize("room", [1, 31, 32, 33, 100, 150, 1 << 20])
def test_the_record_that_crosses_the_room_is_the_last(room: int) -> None:
    data = b"".join(b"%03d\n" % n for n in range(100))
    out, consumed = LocalLines().encode(data, 1, TIMES[0], final=False, room=room)
    one = len(encode(b"000\n"))
    assert len(out) == min(100, -(-room // one)) * one
    assert consumed == len(out) // one * 4


@given(st.lists(st.one_of(st.binary(max_size=40), st.integers(1, 3 * PIECE).map(lambda n: b"y" * n)), max_size=8))
def test_what_is_read_back_is_what_was_said(parts: list[bytes]) -> None:
    lines, rest, out = LocalLines(), b"", b""
    for part in parts:
        rest += part
        more, consumed = lines.encode(rest, 1, TIMES[0], final=False, room=1 << 30)
        rest, out = rest[consumed:], out + more
    out += lines.encode(rest, 1, TIMES[0], final=True, room=1 << 30)[0]
    assert LocalFormat().whole(out) == len(out)
    assert b"".join(record.text for record in LocalFormat().decode(out)) == b"".join(parts)
