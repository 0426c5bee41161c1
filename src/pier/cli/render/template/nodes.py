"""The parts of a template."""

from typing import NamedTuple


class Operand(NamedTuple):
    """A value in a command: what it starts from (dot, variable, constant, function, pipeline), and fields after it."""

    kind: str
    value: object
    fields: list[str]


class Pipeline(NamedTuple):
    """Commands whose last value is the next one's last argument; may declare (:=) or set (=) variables."""

    variables: list[str]
    declares: bool
    commands: list[list[Operand]]


class Text(NamedTuple):
    """Literal text."""

    text: str


class Action(NamedTuple):
    """{{pipeline}}: its value is printed unless it sets a variable."""

    pipeline: Pipeline


class Control(NamedTuple):
    """{{if}}, {{range}} or {{with}}, with what comes after {{else}}."""

    word: str
    pipeline: Pipeline
    body: "list[Node]"
    otherwise: "list[Node]"


class Jump(NamedTuple):
    """{{break}} or {{continue}}."""

    word: str


Node = Text | Action | Control | Jump
