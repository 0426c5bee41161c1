"""Words and variables as Dockerfiles write them: quotes, backslashes, `$NAME`, `${NAME:-default}`, `${NAME:+other}`."""

import re
from collections.abc import Iterator, Mapping

from pier.domain.errors import InvalidArgument

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def split_words(text: str) -> list[str]:
    """Words parted by blanks outside quotes; quotes and backslashes are left in. Raises InvalidArgument."""
    words: list[str] = []
    word = quote = ""
    escaped = False
    for letter in text:
        if not quote and not escaped and letter.isspace():
            if word:
                words.append(word)
            word = ""
            continue
        word += letter
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
    if quote:
        raise InvalidArgument(f"unexpected end of statement while looking for matching {quote} in {text!r}")
    return [*words, word] if word else words


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Takes quotes and backslashes away and puts variables in; within single quotes all is literal.

    A variable that is not set is empty. Raises InvalidArgument for a quote or brace that is not closed.
    """
    return "".join(_Expansion(text, variables).pieces())


class _Expansion:
    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._at = 0

    def pieces(self) -> Iterator[str]:
        while self._at < len(self._text):
            letter = self._next()
            if letter == "'":
                yield self._until("'")
            elif letter == '"':
                yield from self._quoted()
            elif letter == "\\":
                yield self._next() if self._at < len(self._text) else ""
            elif letter == "$":
                yield self._variable()
            else:
                yield letter

    def _next(self) -> str:
        letter = self._text[self._at]
        self._at += 1
        return letter

    def _until(self, end: str) -> str:
        found = self._text.find(end, self._at)
        if found < 0:
            raise InvalidArgument(f"unexpected end of statement while looking for matching {end} in {self._text!r}")
        piece, self._at = self._text[self._at : found], found + 1
        return piece

    def _quoted(self) -> Iterator[str]:
        """Within double quotes a backslash escapes only what is special there."""
        while self._at < len(self._text):
            letter = self._next()
            if letter == '"':
                return
            if letter == "\\" and self._text[self._at : self._at + 1] in ('"', "$", "\\"):
                yield self._next()
            elif letter == "$":
                yield self._variable()
            else:
                yield letter
        raise InvalidArgument(f'unexpected end of statement while looking for matching " in {self._text!r}')

    def _variable(self) -> str:
        """What stands behind a dollar sign; one that names nothing is itself."""
        if self._text[self._at : self._at + 1] != "{":
            found = _NAME.match(self._text, self._at)
            if found is None:
                return "$"
            self._at = found.end()
            return self._variables.get(found[0], "")
        self._at += 1
        return self._braced(self._matching_brace())

    def _matching_brace(self) -> str:
        depth, start = 1, self._at
        while self._at < len(self._text):
            letter = self._next()
            depth += (letter == "{") - (letter == "}")
            if not depth:
                return self._text[start : self._at - 1]
        raise InvalidArgument(f"syntax error: missing '}}' in {self._text!r}")

    def _braced(self, inner: str) -> str:
        found = _NAME.match(inner)
        name = found[0] if found else ""
        operation, word = inner[len(name) : len(name) + 2], inner[len(name) + 2 :]
        value = self._variables.get(name, "")
        if name and not operation:
            return value
        if name and operation == ":-":
            return value or expand(word, self._variables)
        if name and operation == ":+":
            return expand(word, self._variables) if value else ""
        raise InvalidArgument(f"unsupported modifier in substitution: ${{{inner}}}")
