import pytest

from pier.domain.container import LogConfig
from pier.domain.errors import InvalidArgument, PierError, Unsupported
from pier.logs.options import UNBOUNDED, FileOptions, parse_options


def parse(**options: str) -> FileOptions:
    parsed = parse_options(LogConfig(options={name.replace("_", "-"): value for name, value in options.items()}))
    assert parsed is not None
    return parsed


def test_a_log_is_bounded_unless_it_is_asked_not_to_be() -> None:
    assert parse() == FileOptions(max_size=64_000_000, max_file=10)
    assert parse(max_size="-1").max_size == UNBOUNDED


@pytest.mark.parametrize(("text", "size"), [("10m", 10_000_000), ("10k", 10_000), ("1.5g", 1_500_000_000), ("7", 7)])
def test_sizes_are_decimal_as_dockerd_reads_them(text: str, size: int) -> None:
    assert parse(max_size=text).max_size == size


def test_max_size_alone_means_one_file() -> None:
    assert parse(max_size="1m").max_file == 1
    assert parse(max_size="1m", max_file="3", compress="true") == FileOptions(
        max_size=1_000_000, max_file=3, compress=True
    )


def test_the_buffer_of_a_non_blocking_log_is_binary() -> None:
    assert parse(mode="non-blocking", max_buffer_size="4m") == FileOptions(non_blocking=True, max_buffer=4 << 20)


def test_none_has_no_options() -> None:
    assert parse_options(LogConfig(driver="none")) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"xx": "1"}, "unknown log opt 'xx' for json-file log driver"),
        ({"mode": "foo"}, "logger: logging mode not supported: foo"),
        ({"max-buffer-size": "1m"}, "max-buffer-size option is only supported with 'mode=non-blocking'"),
        ({"max-size": "abc"}, "invalid size: 'abc'"),
        ({"max-size": "9" * 400}, "invalid size: '999"),
        ({"max-size": "0"}, "max-size must be a positive number"),
        ({"max-file": "0"}, "max-file cannot be less than 1"),
        ({"max-file": "x"}, "max-file must be a number"),
        ({"compress": "maybe"}, "compress must be true or false"),
        ({"compress": "true", "max-file": "1"}, "compress cannot be true when max-file is less than 2"),
        ({"compress": "true", "max-size": "-1", "max-file": "2"}, "compress cannot be true"),
        ({"labels-regex": "["}, "error parsing regexp"),
        ({"tag": "{{.Foo}}"}, "can't evaluate field Foo"),
        ({"tag": "{{if .ID}}x{{end}}"}, "more than text and fields"),
    ],
)
def test_refuses_bad_options_by_name(options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_options(LogConfig(options=options))
    assert message in caught.value.message


def local(**options: str) -> FileOptions:
    given = {name.replace("_", "-"): value for name, value in options.items()}
    parsed = parse_options(LogConfig(driver="local", options=given))
    assert parsed is not None
    return parsed


def test_local_is_bounded_as_with_dockerd() -> None:
    assert local() == FileOptions(driver="local", max_size=20 << 20, max_file=5, compress=True)
    asked = local(max_size="1m", max_file="1", compress="false", mode="non-blocking")
    assert asked == FileOptions(driver="local", max_size=1_000_000, max_file=1, non_blocking=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tag": "x"}, "unknown log opt 'tag' for log driver local"),
        ({"labels": "x"}, "unknown log opt 'labels' for log driver local"),
        ({"max_size": "0"}, "max size should be a positive number"),
        ({"max_file": "1"}, "compression cannot be enabled when max file count is 1"),
        ({"max_buffer_size": "1m"}, "max-buffer-size option is only supported with 'mode=non-blocking'"),
    ],
)
def test_local_refuses_bad_options_by_name(options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        local(**options)
    assert message in caught.value.message


def test_an_unknown_driver_and_one_that_is_missing_differ() -> None:
    with pytest.raises(InvalidArgument, match='plugin "foo" not found'):
        parse_options(LogConfig(driver="foo"))
    with pytest.raises(Unsupported, match="fluentd"):
        parse_options(LogConfig(driver="fluentd"))


@pytest.mark.parametrize("driver", ["journald", "syslog"])
def test_what_is_handed_on_is_kept_as_local_keeps_it(driver: str) -> None:
    options = {"tag": "x", "cache-max-size": "1m", "cache-max-file": "3", "mode": "non-blocking"}
    asked = parse_options(LogConfig(driver=driver, options=options))
    assert asked == FileOptions(driver="local", max_size=1_000_000, max_file=3, compress=True, non_blocking=True)
    assert parse_options(LogConfig(driver=driver)) == local()


def test_a_copy_can_be_declined() -> None:
    found = parse_options(LogConfig(driver="syslog", options={"cache-disabled": "true", "cache-max-size": "5m"}))
    assert found
    assert (found.kept, found.max_size, found.max_file, found.compress) == (False, 1_000_000, 1, False)
    kept = parse_options(LogConfig(driver="journald", options={"cache-disabled": "false", "cache-max-size": "5m"}))
    assert kept
    assert (kept.kept, kept.max_size) == (True, 5_000_000)


@pytest.mark.parametrize(
    ("driver", "options", "message"),
    [
        ("journald", {"x": "1"}, "unknown log opt 'x' for journald log driver"),
        ("journald", {"max-size": "1m"}, "unknown log opt 'max-size' for journald log driver"),
        ("syslog", {"x": "1"}, "unknown log opt 'x' for syslog log driver"),
        ("syslog", {"syslog-facility": "nope"}, "invalid syslog facility"),
        ("syslog", {"tag": "{{.Foo}}"}, "can't evaluate field Foo"),
        ("syslog", {"cache-disabled": "maybe"}, "maybe"),
    ],
)
def test_options_of_what_is_handed_on(driver: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(PierError) as caught:
        parse_options(LogConfig(driver=driver, options=options))
    assert message in caught.value.message
