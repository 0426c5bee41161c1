"""Makes nodes of a template's pieces. Errors read as Go's do: `template: :1: unclosed action`."""

from pier.cli.errors import CliError
from pier.cli.render.template import nodes
from pier.cli.render.template.evaluate import Template
from pier.cli.render.template.functions import FUNCTIONS
from pier.cli.render.template.lexer import Piece, TemplateSyntaxError, Token, split

_CONTROL = ("if", "range", "with")


def compile_template(source: str, failure: str = "template parsing error", code: int = 64) -> Template:
    """Read a template. Raises CliError when it is wrong: `failure`, the reason in Go's words, and this exit code."""
    try:
        body, stop = _Blocks(split(source)).block()
        if stop:
            raise TemplateSyntaxError(f"unexpected {{{{{stop}}}}}")
    except TemplateSyntaxError as error:
        raise CliError(f"{failure}: template: :1: {error}", code) from None
    return Template(body)


class _Blocks:
    """Reads pieces into nested blocks."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self._next = 0

    def block(self) -> tuple[list[nodes.Node], str]:
        """Nodes up to {{end}} or {{else …}}; the second value names which, "" at the end of the source."""
        body: list[nodes.Node] = []
        while self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            if piece.tokens is None:
                body.append(nodes.Text(piece.text))
                continue
            word = piece.tokens[0].text if piece.tokens and piece.tokens[0].kind == "word" else ""
            if word in ("end", "else"):
                return body, " ".join(token.text for token in piece.tokens[:2]) if word == "else" else "end"
            if word in _CONTROL:
                body.append(self._control(word, piece.tokens[1:]))
            elif word in ("break", "continue"):
                body.append(nodes.Jump(word))
            elif word in ("define", "template", "block"):
                raise TemplateSyntaxError(f"{{{{{word}}}}} is not supported")
            else:
                body.append(nodes.Action(_Pipeline(piece.tokens).whole()))
        return body, ""

    def _control(self, word: str, tokens: list[Token]) -> nodes.Node:
        pipeline = _Pipeline(tokens).whole()
        body, stop = self.block()
        otherwise: list[nodes.Node] = []
        if stop.startswith("else"):
            chained = stop.partition(" ")[2]
            if chained in _CONTROL:
                otherwise = [self._control(chained, (self._pieces[self._next - 1].tokens or [])[2:])]
                return nodes.Control(word, pipeline, body, otherwise)
            otherwise, stop = self.block()
        if stop != "end":
            raise TemplateSyntaxError("unexpected EOF")
        return nodes.Control(word, pipeline, body, otherwise)


class _Pipeline:
    """Reads tokens into a pipeline: declarations, then commands parted by bars."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def whole(self) -> nodes.Pipeline:
        """The pipeline that all tokens make."""
        pipeline = self.pipeline()
        if self._next < len(self._tokens):
            raise TemplateSyntaxError(f"unexpected {self._tokens[self._next].text!r} in command")
        return pipeline

    def pipeline(self) -> nodes.Pipeline:
        """A pipeline up to a closing parenthesis or the end."""
        variables, declares = self._declarations()
        commands = [self._command()]
        while self._peek("|"):
            self._next += 1
            commands.append(self._command())
        return nodes.Pipeline(variables, declares, commands)

    def _declarations(self) -> tuple[list[str], bool]:
        for index, token in enumerate(self._tokens[self._next :], self._next):
            if token.kind == "declare" or token.text == "=":
                names = [word.text for word in self._tokens[self._next : index] if word.kind == "variable"]
                self._next = index + 1
                return names, token.kind == "declare"
            if token.kind != "variable" and token.text != ",":
                break
        return [], False

    def _command(self) -> list[nodes.Operand]:
        operands: list[nodes.Operand] = []
        while self._next < len(self._tokens) and self._tokens[self._next].text not in ("|", ")"):
            operands.append(self._operand())
        if not operands:
            raise TemplateSyntaxError("missing value for command")
        return operands

    def _operand(self) -> nodes.Operand:
        token = self._tokens[self._next]
        self._next += 1
        if token.text == "(":
            inner = self.pipeline()
            if not self._peek(")"):
                raise TemplateSyntaxError("unclosed left paren")
            self._next += 1
            return nodes.Operand("pipeline", inner, self._fields())
        if token.kind == "field":
            return nodes.Operand("dot", None, [token.text[1:], *self._fields()])
        if token.kind == "dot":
            return nodes.Operand("dot", None, self._fields())
        if token.kind == "variable":
            return nodes.Operand("variable", token.text, self._fields())
        if token.kind == "word":
            return _word(token.text)
        if token.kind in ("string", "number", "char"):
            return nodes.Operand("constant", _constant(token), [])
        raise TemplateSyntaxError(f"unexpected {token.text!r} in operand")

    def _fields(self) -> list[str]:
        names: list[str] = []
        while self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind != "field" or token.spaced:
                break
            names.append(token.text[1:])
            self._next += 1
        return names

    def _peek(self, text: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next].text == text


def _word(text: str) -> nodes.Operand:
    constants = {"true": True, "false": False, "nil": None}
    if text in constants:
        return nodes.Operand("constant", constants[text], [])
    if text not in FUNCTIONS:
        raise TemplateSyntaxError(f'function "{text}" not defined')
    return nodes.Operand("function", text, [])


def _constant(token: Token) -> object:
    text = token.text
    if token.kind == "string":
        if text.startswith("`"):
            return text[1:-1]
        return _unquote(text[1:-1])
    if token.kind == "char":
        return ord(_unquote(text[1:-1]))
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def _unquote(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        raise TemplateSyntaxError(f"invalid syntax in string {text!r}") from None
