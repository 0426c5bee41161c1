"""What a command is, as plain data: its words, flags, arguments and handler.

Two readers use these tables: `parser` runs every command, `help` builds typer commands from them for help pages and
completion. Nothing is declared twice.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from pier.cli.session import Session

    Check = Callable[[str], object]
    Handler = Callable[["Session", "Values", list[str]], int]

# Kinds of a flag's value. A list is given repeatedly; a csv is a list whose items may also be parted by commas.
BOOL, STRING, INT, UINT16, DECIMAL, BYTES, DURATION, LIST, CSV = (
    "bool",
    "string",
    "int",
    "uint16",
    "decimal",
    "bytes",
    "duration",
    "list",
    "strings",
)
REPEATABLE = frozenset({LIST, CSV})


class Flag:
    """One flag.

    `kind` says how its value is read, `metavar` what help calls it, `aliases` its other long names, `check` reads one
    value and raises ValueError with the reason, `completer` names what the shell may offer (containers, images …),
    `env` is a variable that gives the default.
    """

    __slots__ = ("aliases", "check", "completer", "default", "env", "help", "kind", "metavar", "name", "short")

    def __init__(
        self,
        name: str,
        short: str = "",
        kind: str = BOOL,
        help: str = "",
        *,
        default: "Any" = None,
        metavar: str = "",
        aliases: "Sequence[str]" = (),
        check: "Check | None" = None,
        completer: str = "",
        env: str = "",
    ) -> None:
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
        self.default = default
        self.metavar = metavar or kind
        self.aliases = tuple(aliases)
        self.check = check
        self.completer = completer
        self.env = env

    @property
    def label(self) -> str:
        """How messages call it: `--memory`, or `-m, --memory`."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"

    @property
    def takes_value(self) -> bool:
        """False for a switch, which may stand alone."""
        return self.kind != BOOL


class Command:
    """One command: its canonical words below `pier`, usage after them, one-line summary, flags and handler.

    `interspersed` is False where flags end at the first argument (run, create, exec, top). `most` None is no limit.
    """

    __slots__ = (
        "completer",
        "flags",
        "handler",
        "interspersed",
        "least",
        "most",
        "summary",
        "usage",
        "words",
    )

    def __init__(
        self,
        words: str,
        usage: str,
        summary: str,
        flags: "Sequence[Flag]",
        handler: "Handler",
        *,
        least: int = 0,
        most: int | None = None,
        interspersed: bool = True,
        completer: str = "",
    ) -> None:
        self.words = words
        self.usage = usage
        self.summary = summary
        self.flags = tuple(flags)
        self.handler = handler
        self.least = least
        self.most = most
        self.interspersed = interspersed
        self.completer = completer


class Values:
    """The values of a command's flags, by long name: what was given, else the default."""

    __slots__ = ("_given", "_values")

    def __init__(self, values: "dict[str, Any]", given: "set[str]") -> None:
        self._values = values
        self._given = given

    def given(self, name: str) -> bool:
        """Whether the command line itself set the flag."""
        return name in self._given

    def flag(self, name: str) -> bool:
        """A switch."""
        return bool(self._values[name])

    def text(self, name: str) -> str:
        """A string, "" when not given."""
        return str(self._values[name] or "")

    def number(self, name: str) -> int:
        """An int; bytes for sizes, nanoseconds for durations, billionths for decimals; 0 when not given."""
        return int(self._values[name] or 0)

    def items(self, name: str) -> list[str]:
        """The values of a repeatable flag, in order."""
        return list(self._values[name] or ())

    def as_dict(self) -> "dict[str, Any]":
        """All values by name, for tests and for comparing readers."""
        return dict(self._values)
