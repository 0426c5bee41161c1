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
