"""The part of Go's text/template that --format needs: fields, pipelines, variables, if, with, range, and functions.

`lexer` cuts the source, `parser` makes nodes, `evaluate` runs them over JSON values, `functions` holds what pipelines
may call, `typed` says what Go's types make of a null. Imported only when a --format is given. Pure.
"""

from pier.cli.render.template.evaluate import Headers, Record, Template, TemplateFailure
from pier.cli.render.template.parser import compile_template
from pier.cli.render.template.typed import GoTypes

__all__ = ["GoTypes", "Headers", "Record", "Template", "TemplateFailure", "compile_template"]
