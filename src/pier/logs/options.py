"""Log options, checked and typed. Refusals are in dockerd's words where clients may look at them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pier.domain.booleans import EITHER, TRUE
from pier.domain.container import LogConfig
from pier.domain.errors import InvalidArgument, Unsupported
from pier.logs.attributes import check_tag, compile_pattern
from pier.logs.syslog import parse_syslog

DEFAULT_MAX_SIZE = 64_000_000
DEFAULT_MAX_FILE = 10
DEFAULT_BUFFER = 1 << 20  # of a non-blocking log
UNBOUNDED = -1

JSON_FILE, LOCAL, JOURNALD, SYSLOG = "json-file", "local", "journald", "syslog"
_LOCAL_SIZE = 20 << 20
_LOCAL_FILES = 5
_ON_ITS_WAY = 1_000_000  # of a log that is handed on and not kept

_NOT_BUILT = ("gelf", "fluentd", "awslogs", "splunk", "gcplogs", "etwlogs")
_BOUNDS = frozenset({"max-size", "max-file", "compress", "mode", "max-buffer-size"})
_NAMES = {"labels", "labels-regex", "env", "env-regex", "tag"}
_KNOWN = _BOUNDS | _NAMES
_CACHE = {"cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"}
_FORWARDED = {
    JOURNALD: _NAMES | _CACHE | {"mode", "max-buffer-size"},
    SYSLOG: _NAMES
    | _CACHE
    | {"mode", "max-buffer-size", "syslog-address", "syslog-facility", "syslog-format"}
    | {"syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify"},
}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,30})?) ?([kmgtp]?)i?b?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """How one container's log is written. Sizes in bytes; `max_size` -1: never rotated."""

    driver: str = JSON_FILE
    max_size: int = DEFAULT_MAX_SIZE
    max_file: int = DEFAULT_MAX_FILE
    compress: bool = False
    non_blocking: bool = False
    max_buffer: int = DEFAULT_BUFFER
    kept: bool = True  # False: nobody may read it, the file is only there while lines are on their way


def parse_options(config: LogConfig) -> FileOptions | None:
    """None for the driver `none`. Raises InvalidArgument for an unknown driver or option, Unsupported for one of
    Docker's drivers that Pier lacks.
    """
    if config.driver == "none":
        return None
    if config.driver in _NOT_BUILT:
        raise Unsupported(
            f"log driver {config.driver!r} is not built into Pier; use json-file, local, journald, syslog or none"
        )
    if config.driver == LOCAL:
        return _local(config.options)
    if config.driver in _FORWARDED:
        return _forwarded(config)
    if config.driver not in (JSON_FILE, ""):
        raise InvalidArgument(f'error looking up logging plugin {config.driver}: plugin "{config.driver}" not found')
    for name in config.options:
        if name not in _KNOWN:
            raise InvalidArgument(f"unknown log opt '{name}' for json-file log driver")
    _check_names(config.options)
    return _json_file(config.options)


def _check_names(options: Mapping[str, str]) -> None:
    for name in ("labels-regex", "env-regex"):
        if name in options:
            compile_pattern(name, options[name])
    check_tag(options.get("tag", ""))


def _forwarded(config: LogConfig) -> FileOptions:
    """What is handed on is kept here, too, bounded as `local` is: `docker logs` reads that, as with dockerd."""
    options = config.options
    for name in options:
        if name not in _FORWARDED[config.driver]:
            raise InvalidArgument(f"unknown log opt '{name}' for {config.driver} log driver")
    _check_names(options)
    if config.driver == SYSLOG:
        parse_syslog(options)
    disabled = _boolean(options.get("cache-disabled", "false"))
    kept = {name.removeprefix("cache-"): value for name, value in options.items() if name in _CACHE}
    kept.pop("disabled", None)
    found = _local(kept | {name: options[name] for name in ("mode", "max-buffer-size") if name in options})
    if disabled:
        return replace(found, kept=False, max_size=_ON_ITS_WAY, max_file=1, compress=False)
    return found


def _json_file(options: Mapping[str, str]) -> FileOptions:
    non_blocking, max_buffer = _mode(options)
    max_size, max_file = _bounds(options)
    compress = _boolean(options.get("compress", "false"))
    if compress and (max_file < 2 or max_size == UNBOUNDED):
        raise InvalidArgument("compress cannot be true when max-file is less than 2 or max-size is not set")
    return FileOptions(
        max_size=max_size, max_file=max_file, compress=compress, non_blocking=non_blocking, max_buffer=max_buffer
    )


def _local(options: Mapping[str, str]) -> FileOptions:
    """dockerd's own bounds: 5 files of 20 MiB, the older ones compressed."""
    for name in options:
        if name not in _BOUNDS:
            raise InvalidArgument(f"unknown log opt '{name}' for log driver local")
    non_blocking, max_buffer = _mode(options)
    max_size = _size(options["max-size"], 1000) if "max-size" in options else _LOCAL_SIZE
    if max_size == 0:
        raise InvalidArgument("max size should be a positive number")
    max_file = _max_file(options, _LOCAL_FILES)
    compress = _boolean(options.get("compress", "true"))
    if compress and max_file == 1:
        raise InvalidArgument("compression cannot be enabled when max file count is 1")
    return FileOptions(
        driver=LOCAL,
        max_size=max_size,
        max_file=max_file,
        compress=compress,
        non_blocking=non_blocking,
        max_buffer=max_buffer,
    )


def _mode(options: Mapping[str, str]) -> tuple[bool, int]:
    """Whether the log may fall behind, and by how many bytes."""
    mode = options.get("mode", "")
    if mode not in ("", "blocking", "non-blocking"):
        raise InvalidArgument(f"logger: logging mode not supported: {mode}")
    if "max-buffer-size" in options and mode != "non-blocking":
        raise InvalidArgument("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
    size = _size(options["max-buffer-size"], 1024) if "max-buffer-size" in options else DEFAULT_BUFFER
    return mode == "non-blocking", size


def _bounds(options: Mapping[str, str]) -> tuple[int, int]:
    """As dockerd: a max-size without a max-file means one file. Without a max-size Pier's own bound holds."""
    max_size = DEFAULT_MAX_SIZE
    if "max-size" in options:
        max_size = UNBOUNDED if options["max-size"] == "-1" else _size(options["max-size"], 1000)
        if max_size == 0:
            raise InvalidArgument("max-size must be a positive number")
    return max_size, _max_file(options, 1 if "max-size" in options else DEFAULT_MAX_FILE)


def _max_file(options: Mapping[str, str], default: int) -> int:
    text = options.get("max-file", str(default))
    try:
        max_file = int(text)
    except ValueError:
        raise InvalidArgument(f"max-file must be a number, not {text!r}") from None
    if max_file < 1:
        raise InvalidArgument("max-file cannot be less than 1")
    return max_file


def _size(text: str, unit: int) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"invalid size: '{text}'")
    return int(float(match[1]) * unit ** " kmgtp".index(match[2].lower() or " "))


def _boolean(text: str) -> bool:
    if text not in EITHER:
        raise InvalidArgument(f"log opt compress must be true or false, not {text!r}")
    return text in TRUE
