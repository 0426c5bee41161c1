import pytest
from benchmark.framing import dechunk, demux, filters, is_whole, parse_head, request_head
from benchmark.marks import CheckFailed


def test_head() -> None:
    status, headers = parse_head(b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-A:  b : c ")
    assert (status, headers) == (201, {"content-length": "5", "x-a": "b : c"})


def test_chunks_with_extensions_and_line_ends_in_them() -> None:
    assert dechunk(b"3;x=y\r\na\r\n\r\n5\r\nbcdef\r\n0\r\n\r\n") == b"a\r\nbcdef"
    assert dechunk(b"0\r\n\r\n") == b""


@pytest.mark.parametrize("cut", [b"", b"3\r\nab", b"3\r\nabc\r\n", b"3"])
def test_chunks_cut_short(cut: bytes) -> None:
    with pytest.raises(CheckFailed, match="cut short"):
        dechunk(cut)


def test_frames() -> None:
    assert demux(b"\1\0\0\0\0\0\0\2ab\2\0\0\0\0\0\0\1c") == b"abc"
    assert demux(b"") == b""


@pytest.mark.parametrize("bad", [b"\1\0\0\0\0\0\0\5ab", b"\1\0\0\0", b"plain text"])
def test_what_is_no_frame(bad: bytes) -> None:
    with pytest.raises(CheckFailed):
        demux(bad)


def test_request() -> None:
    assert request_head("GET", "/x", None, {"A": "b"}) == b"GET /v1.41/x HTTP/1.1\r\nHost: bench\r\nA: b\r\n\r\n"
    assert b"Content-Length: 0\r\n" in request_head("POST", "/x", None, {})
    assert b"Content-Length: 7\r\n" in request_head("GET", "/x", 7, {})


def test_filters() -> None:
    assert filters(label=["a=b"]) == "%7B%22label%22%3A%20%5B%22a%3Db%22%5D%7D"


@pytest.mark.parametrize(
    ("reply", "whole"),
    [
        (b"H\r\nContent-length: 2\r\n\r\nab", True),
        (b"H\r\nContent-length: 2\r\n\r\na", False),
        (b"H\r\nA: b\r\n\r\n1\r\na\r\n0\r\n\r\n", True),
        (b"H\r\nA: b\r\n\r\n1\r\na\r\n", False),
        (b"H\r\nA: b\r\n\r\n0\r\n\r\n", True),
    ],
)
def test_a_reply_is_whole(reply: bytes, whole: bool) -> None:
    assert is_whole(reply, reply.index(b"\r\n\r\n")) is whole
