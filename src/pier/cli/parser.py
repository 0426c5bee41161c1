"""Reads a command line by docker's rules (those of Go's pflag) against a Command's table.

`--flag=value`, `--flag value`, `-f value`, `-fvalue`, `-f=value`; switches alone, grouped (`-it`) or as `--rm=false`;
`--` ends the flags, and so does the first argument of a command that is not interspersed.
"""

from pier.cli import quantities
from pier.cli.errors import UsageError
from pier.cli.flags import BOOL, BYTES, CSV, DECIMAL, DURATION, INT, REPEATABLE, UINT16, Flag, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from pier.cli.flags import Command

HELP = Flag("help", "", BOOL, "Show this help")

_READERS: "dict[str, Callable[[str], Any]]" = {
    BOOL: quantities.read_bool,
    INT: quantities.read_int,
    UINT16: quantities.read_uint16,
    DECIMAL: quantities.read_decimal,
    BYTES: quantities.read_bytes,
    DURATION: quantities.read_duration,
}


class HelpRequested(Exception):
    """--help or -h was given: no command runs."""


class Parser:
    """Reads one command line; `values` and `arguments` hold the result after `read`."""

    def __init__(self, flags: "Sequence[Flag]", *, interspersed: bool = True) -> None:
        self._long: dict[str, Flag] = {"help": HELP}
        self._short: dict[str, Flag] = {}
        for flag in flags:
            for name in (flag.name, *flag.aliases):
                self._long[name] = flag
            if flag.short:
                self._short[flag.short] = flag
        self._short.setdefault("h", HELP)
        self._interspersed = interspersed
        self._values: dict[str, Any] = {
            flag.name: [] if flag.kind in REPEATABLE else flag.default if flag.default is not None else _zero(flag)
            for flag in flags
        }
        self._given: set[str] = set()

    def read(self, argv: "Sequence[str]", environ: "Mapping[str, str] | None" = None) -> "tuple[Values, list[str]]":
        """Values and arguments. Raises UsageError with code 125, or HelpRequested."""
        arguments: list[str] = []
        rest = list(argv)
        while rest:
            word = rest.pop(0)
            if word == "--":
                arguments += rest
                break
            if word.startswith("--"):
                self._read_long(word[2:], rest)
            elif word.startswith("-") and len(word) > 1:
                self._read_group(word[1:], rest)
            else:
                arguments.append(word)
                if not self._interspersed:
                    arguments += rest
                    break
        self._apply_environment(environ or {})
        return Values(self._values, self._given), arguments

    def _read_long(self, text: str, rest: list[str]) -> None:
        name, separator, value = text.partition("=")
        if not name or name.startswith("-"):
            raise UsageError(f"bad flag syntax: --{text}")
        flag = self._long.get(name)
        if flag is None:
            raise UsageError(f"unknown flag: --{name}")
        if separator:
            self._set(flag, value)
        elif not flag.takes_value:
            self._set(flag, "true")
        elif rest:
            self._set(flag, rest.pop(0))
        else:
            raise UsageError(f"flag needs an argument: --{name}")

    def _read_group(self, group: str, rest: list[str]) -> None:
        left = group
        while left:
            letter, left = left[0], left[1:]
            flag = self._short.get(letter)
            if flag is None:
                raise UsageError(f"unknown shorthand flag: {letter!r} in -{letter}{left}")
            if left.startswith("="):
                self._set(flag, left[1:])
                return
            if not flag.takes_value:
                self._set(flag, "true")
                continue
            if not left and not rest:
                raise UsageError(f"flag needs an argument: {letter!r} in -{letter}")
            self._set(flag, left or rest.pop(0))
            return

    def _set(self, flag: Flag, text: str) -> None:
        if flag is HELP:
            raise HelpRequested
        try:
            if flag.check is not None:
                for item in _items(flag, text):
                    flag.check(item)
            reader = _READERS.get(flag.kind)
            value = reader(text) if reader is not None else text
        except ValueError as error:
            raise UsageError(f'invalid argument "{text}" for "{flag.label}" flag: {error}') from None
        if flag.kind in REPEATABLE:
            self._values[flag.name] = [*self._values[flag.name], *_items(flag, text)]
        else:
            self._values[flag.name] = value
        self._given.add(flag.name)

    def _apply_environment(self, environ: "Mapping[str, str]") -> None:
        for flag in set(self._long.values()):
            if flag.env and flag.name not in self._given and environ.get(flag.env):
                self._set(flag, environ[flag.env])


def read_command(command: "Command", argv: "Sequence[str]") -> "tuple[Values, list[str]]":
    """Read `argv` (the words after the command's own). Raises UsageError and HelpRequested."""
    return Parser(command.flags, interspersed=command.interspersed).read(argv)


def check_arguments(command: "Command", invoked: str, count: int) -> None:
    """Raise UsageError with code 1 unless the command takes `count` arguments."""
    least, most = command.least, command.most
    if count >= least and (most is None or count <= most):
        return
    if most == 0:
        raise UsageError(f"'{invoked}' accepts no arguments", 1)
    if most == least:
        raise UsageError(f"'{invoked}' requires {least} argument{'s' if least != 1 else ''}", 1)
    if most is None:
        raise UsageError(f"'{invoked}' requires at least {least} argument{'s' if least != 1 else ''}", 1, pointer="See")
    if least == 0:
        raise UsageError(f"'{invoked}' requires at most {most} argument{'s' if most != 1 else ''}", 1)
    raise UsageError(f"'{invoked}' requires at least {least} and at most {most} arguments", 1)


def _items(flag: Flag, text: str) -> list[str]:
    if flag.kind != CSV:
        return [text]
    from pier.cli.csv_fields import split_fields

    return split_fields(text)


def _zero(flag: Flag) -> "Any":
    return False if flag.kind == BOOL else 0 if flag.kind in _READERS else ""
