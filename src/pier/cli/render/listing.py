"""A list command's output: the default table, --quiet, and every --format (table, json, raw, templates)."""

from pier.cli.render.table import format_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from pier.cli.render.template import Template

    # A field's column header and the function that reads it from the API's item.
    Field = tuple[str, Callable[[Any], object]]


class Listing:
    """What can be shown of one kind of item.

    `fields` maps Go field names to header and reader; `default` names the columns of the plain table; `subject` is the
    kind's name in error messages; `raw` is the template behind --format raw.
    """

    def __init__(
        self, subject: str, fields: "Mapping[str, Field]", default: "Sequence[str]", raw: str = "", hidden: str = ""
    ) -> None:
        self.subject = subject
        self.fields = fields
        self.default = default
        self.raw = raw
        self.hidden = frozenset(hidden.split())  # usable in templates, left out of json

    def render(self, items: "Iterable[Any]", template: str = "", *, quiet_field: str = "") -> str:
        """The text for these items. Raises CliError when the template is wrong."""
        if quiet_field and template in ("", "table", "json"):
            reader = self.fields[quiet_field][1]
            return "".join(f"{reader(item)}\n" for item in items)
        if template in ("", "table"):
            return self.table(items, self.default)
        if template == "json":
            return self._json(items)
        if template == "raw" and self.raw:
            return "".join(f"{line.rstrip()}\n" for line in self._templated(items, self.raw).splitlines())
        if template.startswith(("table ", "table{{")):
            return self._template_table(list(items), template[len("table") :].strip())
        return self._templated(items, template)

    def table(self, items: "Iterable[Any]", names: "Sequence[str]") -> str:
        """A table with the columns of these fields."""
        readers = [self.fields[name][1] for name in names]
        rows = [[self.fields[name][0] for name in names]]
        rows.extend([str(reader(item)) for reader in readers] for item in items)
        return format_table(rows)

    def _json(self, items: "Iterable[Any]") -> str:
        from pier.cli.render.json_text import go_json

        shown = sorted(name for name in self.fields if name not in self.hidden)
        return "".join(go_json({name: self.fields[name][1](item) for name in shown}) + "\n" for item in items)

    def _templated(self, items: "Iterable[Any]", source: str) -> str:
        template = _compile(source)
        return "".join(self._rendered(template, item) + "\n" for item in items)

    def _template_table(self, items: "list[Any]", source: str) -> str:
        from pier.cli.render.template import Headers

        template = _compile(source)
        lines = [template.render(Headers({name: header for name, (header, _) in self.fields.items()}))]
        lines.extend(self._rendered(template, item) for item in items)
        return format_table([line.split("\t") for line in lines])

    def _rendered(self, template: "Template", item: "Any") -> str:
        from pier.cli.render.template import Record, TemplateFailure

        try:
            return template.render(Record(self.subject, self.fields, item))
        except TemplateFailure as error:
            raise TemplateFailure(f"failed to execute template: {error}") from None


def _compile(source: str) -> "Template":
    from pier.cli.render.template import compile_template

    return compile_template(unescape(source), "failed to parse template", 1)


def unescape(source: str) -> str:
    """Turn the two characters \\t and \\n of a format into a tab and a line feed."""
    return source.replace("\\t", "\t").replace("\\n", "\n")
