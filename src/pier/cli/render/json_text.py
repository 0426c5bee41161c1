"""JSON as Go's encoder writes it: <, > and & escaped, compact or indented by four blanks."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def go_json(value: "Any") -> str:
    """Compact JSON with <, > and & as \\u escapes, as `{{json .}}` and --format json print it."""
    import json

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def indented_json(value: "Any") -> str:
    """JSON for people, as inspect prints it: four blanks an indent, nothing escaped that need not be."""
    import json

    return json.dumps(value, indent=4, ensure_ascii=False)
