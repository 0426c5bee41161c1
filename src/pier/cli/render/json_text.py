"""JSON as Go's encoder writes it: <, > and & escaped, compact or indented by four blanks."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def go_json(value: "Any", *, escape: bool = True) -> str:
    """Compact JSON; with `escape` <, > and & are \\u escapes, as Go has them in what encodes itself (rows of lists)."""
    import json

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if not escape:
        return text
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def indented_json(value: "Any") -> str:
    """JSON for people, as inspect prints it: four blanks an indent, nothing escaped that need not be."""
    import json

    return json.dumps(value, indent=4, ensure_ascii=False)
