"""The codec against messages written by hand, and against anything at all."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns import name_bytes, question, read_answer

from pier.network.dns import message
from pier.network.dns.message import (
    AAAA,
    NOERROR,
    PLAIN_UDP,
    A,
    Malformed,
    Record,
    aged,
    build_reply,
    encode_name,
    error_reply,
    is_query,
    parse_query,
    parse_reply,
    parse_reverse,
    same_question,
    shortened,
    with_id,
)


def reply(*records: bytes, flags: int = 0x8180, name: str = "a.test") -> bytes:
    body = name_bytes(name) + struct.pack(">HH", 1, 1) + b"".join(records)
    return struct.pack(">HHHHHH", 7, flags, 1, len(records), 0, 0) + body


def record(ttl: int, data: bytes = b"\1\2\3\4", kind: int = 1) -> bytes:
    return struct.pack(">HHHIH", 0xC00C, kind, 1, ttl, len(data)) + data


def test_a_question_is_read() -> None:
    query = parse_query(question("Web.FRONT.", "AAAA", number=0x1234))
    assert (query.id, query.name, query.kind, query.klass, query.opcode) == (0x1234, "web.front", AAAA, 1, 0)
    assert (query.size, query.edns) == (PLAIN_UDP, False)


@pytest.mark.parametrize(("said", "believed"), [(100, 512), (1232, 1232), (65535, 4096)])
def test_what_the_client_takes_is_believed_within_reason(said: int, believed: int) -> None:
    query = parse_query(question("a", size=said))
    assert (query.size, query.edns) == (believed, True)


def test_bytes_that_look_like_another_name_are_told_apart() -> None:
    raw = struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\x03a.b\0" + struct.pack(">HH", 1, 1)
    assert parse_query(raw).name == r"a\046b"
    assert parse_query(raw.replace(b"a.b", b"\xffa\0")).name == r"\255a\000"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 11,
        struct.pack(">HHHHHH", 1, 0, 0, 0, 0, 0),
        struct.pack(">HHHHHH", 1, 0, 2, 0, 0, 0) + b"\1a\0\0\1\0\1" * 2,
        struct.pack(">HHHHHH", 1, 0x8000, 1, 0, 0, 0) + b"\1a\0\0\1\0\1",
        struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\1a\0\0\1",
        struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\5a",
        struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
        struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1",
        struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 1) + b"\1a\0\0\1\0\1",
        struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 1) + b"\1a\0\0\1\0\1" + b"\0\0\x29\4\0\0\0\0\0\0\5",
    ],
)
def test_what_is_no_question_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_query(data)


def test_an_answer_holds_what_fits() -> None:
    query = parse_query(question("a", size=512))
    records = [Record(A, 5, bytes([10, 0, 0, number])) for number in range(40)]
    whole = read_answer(build_reply(query, NOERROR, records))
    assert (len(whole.values), whole.truncated, whole.ttl) == (40, False, 5)
    cut = build_reply(query, NOERROR, records, limit=512)
    assert len(cut) <= 512
    assert read_answer(cut).truncated
    assert 20 < len(read_answer(cut).values) < 40


def test_an_error_needs_no_question() -> None:
    data = b"\x12\x34\x01\x00" + b"\xff" * 8
    answer = error_reply(data, message.FORMERR)
    assert (answer[:2], answer[3] & 15, answer[4:]) == (b"\x12\x34", 1, bytes(8))
    assert is_query(data)
    assert not is_query(answer)
    assert not is_query(data[:11])


def test_another_servers_answer_is_read_and_ages() -> None:
    data = reply(record(300), record(20))
    found = parse_reply(data)
    assert (found.id, found.rcode, found.truncated, found.ttl, found.answers) == (7, 0, False, 20, 2)
    later = parse_reply(aged(data, found.lifetimes, 30))
    assert later.ttl == 0
    assert read_answer(with_id(data, 9)).id == 9


def test_absence_is_remembered_as_long_as_the_zone_says() -> None:
    start = b"\0\0" + struct.pack(">IIII", 1, 2, 3, 4)
    data = struct.pack(">HHHHHH", 7, 0x8183, 1, 0, 1, 0) + name_bytes("x.test") + b"\0\1\0\1"
    data += b"\0" + struct.pack(">HHIH", 6, 1, 900, len(start) + 4) + start + struct.pack(">I", 30)
    assert parse_reply(data).ttl == 30


def test_records_of_a_truncated_answer_are_not_looked_for() -> None:
    data = struct.pack(">HHHHHH", 7, 0x8380, 1, 5, 0, 0) + name_bytes("x.test") + b"\0\1\0\1"
    assert parse_reply(data).truncated
    with pytest.raises(Malformed):
        parse_reply(data.replace(b"\x83\x80", b"\x81\x80"))


def test_a_long_answer_becomes_its_question_for_a_client_that_takes_less() -> None:
    query = parse_query(question("a.test", number=3))
    short = read_answer(shortened(reply(record(5)), query))
    assert (short.id, short.truncated, short.values) == (3, True, ())


def test_questions_differ_by_more_than_case() -> None:
    one, other = (question(name, number=1)[12:] for name in ("a.test", "A.TEST"))
    assert same_question(one, other)
    assert not same_question(one, question("a.test", "AAAA")[12:])
    assert not same_question(one, question("b.test")[12:])


def test_names_and_reverse_names() -> None:
    assert encode_name("web.front") == b"\3web\5front\0"
    assert str(parse_reverse("4.3.2.1.in-addr.arpa")) == "1.2.3.4"
    for name in ("4.3.2.in-addr.arpa", "x.3.2.1.in-addr.arpa", "1.2.3.4", "256.3.2.1.in-addr.arpa"):
        assert parse_reverse(name) is None
    six = ".".join("1" + "0" * 27 + "00df") + ".ip6.arpa"
    assert str(parse_reverse(six)) == "fd00::1"
    for name in (f"0.{six}", six.replace("1.", "x.", 1), "ip6.arpa", "10.0.ip6.arpa", "1.ip6.arpa"):
        assert parse_reverse(name) is None, name


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (parse_query, parse_reply):
        try:
            parse(data)
        except Malformed:
            continue


@given(st.data())
def test_spoiled_messages_are_read_or_refused(data: st.DataObject) -> None:
    for whole, parse in ((question("web.front", size=1232), parse_query), (reply(record(5), record(6)), parse_reply)):
        spoiled = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 4))):
            spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
        try:
            found = parse(bytes(spoiled[: data.draw(st.integers(0, len(spoiled)))]))
        except Malformed:
            continue
        if isinstance(found, message.Query):
            read_answer(build_reply(found, NOERROR, [Record(A, 1, b"\1\2\3\4")], limit=found.size))
