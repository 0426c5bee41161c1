"""Cuts a template into text and actions, and an action into tokens."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\\n]|\\.)*" | `[^`]*`)
      | (?P<char>'(?:[^'\\]|\\.)')
      | (?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+))
      | (?P<variable>\$[A-Za-z0-9_]*)
      | (?P<field>(?:\.[A-Za-z_][A-Za-z0-9_]*))
      | (?P<dot>\.)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<declare>:=)
      | (?P<symbol>[|(),=])""",
    re.VERBOSE,
)


class TemplateSyntaxError(Exception):
    """The source is not a template; the text is in Go's words."""


class Token(NamedTuple):
    """One token of an action; `spaced` says whether a blank stood before it (`$x.A` is not `$x .A`)."""

    kind: str
    text: str
    spaced: bool


class Piece(NamedTuple):
    """Literal text (`tokens` None) or an action."""

    text: str
    tokens: list[Token] | None


def split(source: str) -> list[Piece]:
    """The pieces of a template; trim markers (`{{-`, `-}}`) are applied, comments dropped."""
    pieces: list[Piece] = []
    position, trim_next = 0, False
    while True:
        start = source.find("{{", position)
        text = source[position:] if start < 0 else source[position:start]
        if trim_next:
            text = text.lstrip()
        trims_before = start >= 0 and source[start + 2 : start + 3] == "-" and source[start + 3 : start + 4].isspace()
        if trims_before:
            text = text.rstrip()
        if text:
            pieces.append(Piece(text, None))
        if start < 0:
            return pieces
        end = _action_end(source, start + 2)
        body = source[start + 2 : end]
        trim_next = body.endswith("-") and body[-2:-1].isspace()
        body = body[1 if trims_before else 0 : -1 if trim_next else None]
        if not body.strip().startswith("/*"):
            pieces.append(Piece(body, tokenize(body)))
        position = end + 2


def tokenize(body: str) -> list[Token]:
    """The tokens of one action."""
    tokens: list[Token] = []
    position, spaced = 0, True
    while position < len(body):
        match = _TOKEN.match(body, position)
        if match is None:
            raise TemplateSyntaxError(f"unexpected {body[position]!r} in action")
        if match.lastgroup == "space":
            spaced = True
        else:
            tokens.append(Token(match.lastgroup or "", match.group(), spaced))
            spaced = False
        position = match.end()
    return tokens


def _action_end(source: str, position: int) -> int:
    """Where the closing braces are; braces inside of strings do not count."""
    while position < len(source):
        if source.startswith("}}", position):
            return position
        letter = source[position]
        if letter in "\"`'":
            match = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|\'(?:[^\'\\]|\\.)*\'').match(source, position)
            if match is None:
                raise TemplateSyntaxError("unterminated quoted string")
            position = match.end()
        else:
            position += 1
    raise TemplateSyntaxError("unclosed action")
