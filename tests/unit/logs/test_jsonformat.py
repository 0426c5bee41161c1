from pathlib import Path

from pier.logs.jsonfile import JsonLines
from pier.logs.jsonformat import JsonFormat


def line(time: int) -> bytes:
    return JsonLines().encode(b"x\n", 1, time, final=True, room=1 << 20)[0]


def test_records_are_lines() -> None:
    form = JsonFormat()
    data = line(5) + line(7)
    assert form.whole(data + b'{"lo') == len(data)
    assert form.count(data) == 2
    assert [form.offset(data, number) for number in range(3)] == [0, len(line(5)), len(data)]
    assert form.first_time(b"not a line\n" + data) == 5
    assert form.first_time(b'{"log":"x"') == 0


def test_what_is_no_line_has_no_time_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"foreign\n{torn")
    with path.open("rb", buffering=0) as stream:
        assert JsonFormat().recover(stream.fileno(), 13) == (8, 0)


def test_a_torn_record_longer_than_a_block_is_cut_off_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    escaped = JsonLines().encode(b"\0" * 16000 + b"\n", 1, 9, final=True, room=1 << 20)[0]
    torn = JsonLines().encode(b"\0" * 16000 + b"\n", 1, 10, final=True, room=1 << 20)[0][:-5]
    path.write_bytes(line(7) + escaped + torn)
    with path.open("rb", buffering=0) as stream:
        size = len(path.read_bytes())
        assert JsonFormat().recover(stream.fileno(), size) == (len(line(7) + escaped), 9)
        assert JsonFormat().recover(stream.fileno(), len(line(7))) == (len(line(7)), 7)
