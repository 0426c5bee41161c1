from pier.logs.lines import decode

SECOND = 1_000_000_000
LINE = b'{"log":"x\\n","stream":"stdout","time":"1970-01-01T00:00:01Z"}\n'


def test_a_line_is_decoded_as_written() -> None:
    (one,) = decode(
        b'{"log":"\\u003c\\ufffd\xc3\xa4\\r\\n","stream":"stderr","attrs":{"a":"b"},"time":"1970-01-01T00:00:00.5Z"}\n'
    )
    assert (one.stream, one.time, one.text) == (2, SECOND // 2, "<\ufffdä\r\n".encode())
    assert one.attributes == {"a": "b"}


def test_what_is_no_line_is_left_out_and_the_others_stay() -> None:
    block = LINE + b'{"log":1}\n' + b"\0\0\n" + b"\n" + LINE + b'{"log":"\xff"}\n'
    assert [line.time for line in decode(block)] == [SECOND, SECOND]


def test_a_stamp_that_is_none_reads_as_never() -> None:
    assert [line.time for line in decode(b'{"log":"x","stream":"stdout","time":"soon"}\n')] == [0]
