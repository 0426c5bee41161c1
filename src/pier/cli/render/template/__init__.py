"""The part of Go's text/template that --format needs: fields, pipelines, variables, if, with, range, and functions.

`lexer` cuts the source, `parser` makes nodes, `evaluate` runs them over JSON values, `functions` holds what pipelines
may call. Imported only when a --format is given. Pure.
"""

from pier.cli.render.template.evaluate import Headers, Record, Template, TemplateFailure
from pier.cli.render.template.parser import compile_template

__all__ = ["Headers", "Record", "Template", "TemplateFailure", "compile_template"]
