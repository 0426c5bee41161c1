import pytest

from pier.logs.drivers import encoder_for, format_of
from pier.logs.options import JSON_FILE, LOCAL, FileOptions


@pytest.mark.parametrize("driver", [JSON_FILE, LOCAL])
def test_each_driver_reads_what_it_writes(driver: str) -> None:
    options = FileOptions(driver=driver)
    data, consumed = encoder_for(options, {"a": "b"}).encode(b"x\ny\n", 2, 7, final=False, room=1 << 20)
    assert consumed == 4
    assert [(line.stream, line.time, line.text) for line in format_of(options).decode(data)] == [
        (2, 7, b"x\n"),
        (2, 7, b"y\n"),
    ]


def test_attributes_are_kept_where_the_format_has_room() -> None:
    options = FileOptions(driver=JSON_FILE)
    data, _ = encoder_for(options, {"a": "b"}).encode(b"x\n", 1, 7, final=False, room=1 << 20)
    assert [line.attributes for line in format_of(options).decode(data)] == [{"a": "b"}]
