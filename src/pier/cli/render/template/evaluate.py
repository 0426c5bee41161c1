"""Runs a template over JSON values or over the named fields of a list's item."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pier.cli.errors import CliError
from pier.cli.render.template import nodes
from pier.cli.render.template.functions import FUNCTIONS, HEADER_FUNCTIONS, CallError, SelfEncoded, is_true, to_text
from pier.cli.render.template.typed import UNTYPED, GoTypes, Nil, OpenMap, typed


class TemplateFailure(CliError):
    """The template is well-formed but does not fit the data; exit code 1."""


class Record:
    """One item of a list: its fields are computed when asked for. A field that returns a function takes arguments."""

    functions = FUNCTIONS

    def __init__(self, subject: str, fields: Mapping[str, tuple[str, Callable[[Any], object]]], item: Any) -> None:
        self._subject = subject
        self._fields = fields
        self._item = item

    def field(self, name: str) -> Any:
        """The value of a field. Raises CallError for an unknown one."""
        if name not in self._fields:
            raise CallError(f"can't evaluate field {name} in type *formatter.{self._subject}Context")
        return self._fields[name][1](self._item)

    def as_json(self) -> dict[str, Any]:
        """All plain fields, for {{json .}}."""
        values = {name: reader(self._item) for name, (_, reader) in sorted(self._fields.items())}
        return SelfEncoded({name: value for name, value in values.items() if not callable(value)})


class Headers:
    """Stands for an item when a table's heading is rendered: every field is its column's header."""

    functions = HEADER_FUNCTIONS

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def field(self, name: str) -> Any:
        """The header of a field; a label's is what was asked for."""
        if name == "Label":
            return lambda key="": str(key).rpartition(".")[2].replace("-", " ").replace("_", " ")
        return self._headers.get(name, name.upper())


class _Jumped(Exception):
    def __init__(self, word: str) -> None:
        self.word = word


class Template:
    """A compiled template."""

    def __init__(self, body: list[nodes.Node]) -> None:
        self._body = body

    def render(self, data: Any, types: GoTypes | None = None) -> str:
        """The text for `data`, a JSON value of these types, or a Record. Raises TemplateFailure."""
        if types is not None:
            data = typed(data, types)
        run = _Run(data, types or UNTYPED)
        try:
            run.block(self._body, data)
        except CallError as error:
            raise TemplateFailure(f'template: :1:2: executing "" at <{run.at}>: {error}') from None
        except (TypeError, ValueError, AttributeError) as error:
            raise TemplateFailure(f'template: :1:2: executing "" at <{run.at}>: {error}') from None
        return "".join(run.output)


class _Run:
    def __init__(self, data: Any, types: GoTypes) -> None:
        self.output: list[str] = []
        self.at = ""
        self._types = types
        self._functions = data.functions if isinstance(data, Record | Headers) else FUNCTIONS
        self._variables: list[dict[str, Any]] = [{"$": data}]

    def block(self, body: list[nodes.Node], dot: Any) -> None:
        """Run nodes with this value of dot, in a scope of their own."""
        self._variables.append({})
        try:
            for node in body:
                self._node(node, dot)
        finally:
            self._variables.pop()

    def _node(self, node: nodes.Node, dot: Any) -> None:
        if isinstance(node, nodes.Text):
            self.output.append(node.text)
        elif isinstance(node, nodes.Jump):
            raise _Jumped(node.word)
        elif isinstance(node, nodes.Action):
            value = self._pipeline(node.pipeline, dot)
            if not node.pipeline.variables:
                self.output.append(to_text(value.as_json() if isinstance(value, Record) else value))
        else:
            self._control(node, dot)

    def _control(self, node: nodes.Control, dot: Any) -> None:
        self._variables.append({})
        try:
            value = self._pipeline(node.pipeline, dot, assign=node.word != "range")
            if node.word == "range":
                self._range(node, value, dot)
            elif is_true(value):
                self.block(node.body, value if node.word == "with" else dot)
            else:
                self.block(node.otherwise, dot)
        finally:
            self._variables.pop()

    def _range(self, node: nodes.Control, value: Any, dot: Any) -> None:
        names = node.pipeline.variables
        empty = True
        for key, item in _pairs(value):
            empty = False
            if names:
                self._variables[-1][names[-1]] = item
            if len(names) > 1:
                self._variables[-1][names[0]] = key
            try:
                self.block(node.body, item)
            except _Jumped as jump:
                if jump.word == "break":
                    break
        if empty:
            self.block(node.otherwise, dot)

    def _pipeline(self, pipeline: nodes.Pipeline, dot: Any, *, assign: bool = True) -> Any:
        value: Any = None
        for index, command in enumerate(pipeline.commands):
            value = self._command(command, dot, [value] if index else [])
        if assign and pipeline.variables:
            self._assign(pipeline.variables[0], value, declares=pipeline.declares)
        return value

    def _assign(self, name: str, value: Any, *, declares: bool) -> None:
        for scope in reversed(self._variables):
            if declares or name in scope:
                scope[name] = value
                return
        raise CallError(f"undefined variable {name!r}")

    def _command(self, command: list[nodes.Operand], dot: Any, piped: list[Any]) -> Any:
        head = command[0]
        if head.kind == "function":
            self.at = str(head.value)
            return self._call(str(head.value), command[1:], dot, piped)
        value = self._operand(head, dot)
        arguments = [self._operand(operand, dot) for operand in command[1:]] + piped
        if callable(value):
            return value(*arguments)
        if arguments:
            raise CallError(f"{'.'.join(head.fields) or 'value'} is not a method but has arguments")
        return value

    def _call(self, name: str, operands: list[nodes.Operand], dot: Any, piped: list[Any]) -> Any:
        if name in ("and", "or"):
            value: Any = None
            for index, operand in enumerate(operands):
                value = self._operand(operand, dot)
                if is_true(value) != (name == "and"):
                    return value
                if index == len(operands) - 1 and not piped:
                    return value
            return piped[0] if piped else value
        arguments = [self._operand(operand, dot) for operand in operands] + piped
        plain = [argument.as_json() if isinstance(argument, Record) else argument for argument in arguments]
        self.at = name
        if name == "json" and len(plain) != 1:
            raise CallError(f"wrong number of args for json: want 1 got {len(plain)}")
        return self._functions[name](*plain)

    def _operand(self, operand: nodes.Operand, dot: Any) -> Any:
        if operand.kind == "constant":
            return operand.value
        if operand.kind == "function":
            return self._call(str(operand.value), [], dot, [])
        if operand.kind == "variable":
            value = self._variable(str(operand.value))
        elif isinstance(operand.value, nodes.Pipeline):
            value = self._pipeline(operand.value, dot)
        else:
            value = dot
        for name in operand.fields:
            self.at = "." + ".".join(operand.fields)
            value = self._field(value, name)
        return value

    def _variable(self, name: str) -> Any:
        for scope in reversed(self._variables):
            if name in scope:
                return scope[name]
        raise CallError(f"undefined variable {name!r}")

    def _field(self, value: Any, name: str) -> Any:
        if isinstance(value, Record | Headers):
            return value.field(name)
        if isinstance(value, OpenMap):
            return value.get(name)
        if isinstance(value, dict):
            for key in (name, self._types.names.get(name, name)):
                if key in value:
                    return value[key]
            if name in self._types.optional:
                return self._types.optional[name]
            raise CallError(f'map has no entry for key "{name}"')
        if value is None or isinstance(value, Nil):
            raise CallError(f"nil pointer evaluating interface {{}}.{name}")
        raise CallError(f"can't evaluate field {name} in type {_go_type(value)}")


def _pairs(value: Any) -> Iterable[tuple[Any, Any]]:
    if value is None or isinstance(value, Nil):
        return ()
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return [(number, number) for number in range(value)]
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    raise CallError(f"range can't iterate over {to_text(value)}")


def _go_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "float64"
    return "string" if isinstance(value, str) else "[]interface {}"
