"""Log options, checked and typed. Refusals are in dockerd's words where clients may look at them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pier.domain.container import LogConfig
from pier.domain.errors import InvalidArgument, Unsupported
from pier.logs.attributes import check_tag, compile_pattern

DEFAULT_MAX_SIZE = 64_000_000
DEFAULT_MAX_FILE = 10
DEFAULT_BUFFER = 1 << 20  # of a non-blocking log
UNBOUNDED = -1

_NOT_BUILT = ("local", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "gcplogs", "etwlogs")
_KNOWN = frozenset(
    {"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size"}
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?", re.IGNORECASE)
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFileOptions:
    """How one container's log is written. Sizes in bytes; `max_size` -1: never rotated."""

    max_size: int = DEFAULT_MAX_SIZE
    max_file: int = DEFAULT_MAX_FILE
    compress: bool = False
    non_blocking: bool = False
    max_buffer: int = DEFAULT_BUFFER


def parse_options(config: LogConfig) -> JsonFileOptions | None:
    """None for the driver `none`. Raises InvalidArgument for an unknown driver or option, Unsupported for one of
    Docker's drivers that Pier lacks.
    """
    if config.driver == "none":
        return None
    if config.driver in _NOT_BUILT:
        raise Unsupported(f"log driver {config.driver!r} is not built into Pier; use json-file or none")
    if config.driver not in ("json-file", ""):
        raise InvalidArgument(f'error looking up logging plugin {config.driver}: plugin "{config.driver}" not found')
    for name in config.options:
        if name not in _KNOWN:
            raise InvalidArgument(f"unknown log opt '{name}' for json-file log driver")
    for name in ("labels-regex", "env-regex"):
        if name in config.options:
            compile_pattern(name, config.options[name])
    check_tag(config.options.get("tag", ""))
    return _json_file(config.options)


def _json_file(options: Mapping[str, str]) -> JsonFileOptions:
    mode = options.get("mode", "")
    if mode not in ("", "blocking", "non-blocking"):
        raise InvalidArgument(f"logger: logging mode not supported: {mode}")
    if "max-buffer-size" in options and mode != "non-blocking":
        raise InvalidArgument("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
    max_size, max_file = _bounds(options)
    compress = _boolean(options.get("compress", "false"))
    if compress and (max_file < 2 or max_size == UNBOUNDED):
        raise InvalidArgument("compress cannot be true when max-file is less than 2 or max-size is not set")
    return JsonFileOptions(
        max_size=max_size,
        max_file=max_file,
        compress=compress,
        non_blocking=mode == "non-blocking",
        max_buffer=_size(options["max-buffer-size"], 1024) if "max-buffer-size" in options else DEFAULT_BUFFER,
    )


def _bounds(options: Mapping[str, str]) -> tuple[int, int]:
    """As dockerd: a max-size without a max-file means one file. Without a max-size Pier's own bound holds."""
    max_size = DEFAULT_MAX_SIZE
    if "max-size" in options:
        max_size = UNBOUNDED if options["max-size"] == "-1" else _size(options["max-size"], 1000)
        if max_size == 0:
            raise InvalidArgument("max-size must be a positive number")
    max_file = 1 if "max-size" in options else DEFAULT_MAX_FILE
    if "max-file" in options:
        try:
            max_file = int(options["max-file"])
        except ValueError:
            raise InvalidArgument(f"max-file must be a number, not {options['max-file']!r}") from None
        if max_file < 1:
            raise InvalidArgument("max-file cannot be less than 1")
    return max_size, max_file


def _size(text: str, unit: int) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"invalid size: '{text}'")
    return int(float(match[1]) * unit ** " kmgtp".index(match[2].lower() or " "))


def _boolean(text: str) -> bool:
    if text not in _TRUE + _FALSE:
        raise InvalidArgument(f"log opt compress must be true or false, not {text!r}")
    return text in _TRUE
