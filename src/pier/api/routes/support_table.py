"""The table of endpoints as the README shows it."""

from pier.api.router import Route
from pier.api.routes import table

_WORDS = {"supported": "yes", "partial": "partly", "missing": "no"}


def markdown_table() -> str:
    """One row for each method and path, in the order of the route table; ends with a newline."""
    lines = ["| Method | Path | Pier | Note |", "|---|---|---|---|"]
    lines += [_row(route) for route in table()]
    return "\n".join(lines) + "\n"


def _row(route: Route) -> str:
    pattern = route.pattern.replace("...}", "}")
    return f"| {route.method} | `{pattern}` | {_WORDS[route.support]} | {route.note} |"
