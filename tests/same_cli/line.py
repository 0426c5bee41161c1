"""One command line of the comparison, and the list of them by group."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from fakes.http_engine import Route


@dataclass(frozen=True)
class Line:
    """What follows the program's name, and what it runs in.

    `stdin` is given and closed; `files` lie in the working directory (`.`, or {dir} in `text`); `env` is added;
    `answers` go before the world's; `exit_code` is what containers end with; `unordered` says that the client works on
    its arguments side by side, so that their requests come in any order.
    """

    text: str
    stdin: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Route] = field(default_factory=dict)
    exit_code: int = 0
    unordered: bool = False
    note: str = ""  # tells two lines with the same text apart

    @property
    def name(self) -> str:
        return self.text + (f"  # {self.note}" if self.note else "")

    @property
    def argv(self) -> list[str]:
        return shlex.split(self.text)


LINES: dict[str, list[Line]] = {}


def lines(group: str, *given: Line | str) -> None:
    """Adds to a group; a text alone is a line that needs nothing."""
    LINES.setdefault(group, []).extend(Line(one) if isinstance(one, str) else one for one in given)
