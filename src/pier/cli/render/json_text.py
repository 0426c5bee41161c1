"""JSON as Go's encoder writes it: <, > and & escaped, compact or indented by four blanks."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def go_json(value: "Any", *, escape: bool = True) -> str:
    """Compact JSON; with `escape` <, > and & are \\u escapes, as Go has them in what encodes itself (rows of lists)."""
    import json

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return _escaped(text) if escape else text


def indented_json(value: "Any", *, escape: bool = False) -> str:
    """JSON for people, as inspect prints it: four blanks an indent, and nothing escaped that need not be."""
    import json

    text = json.dumps(value, indent=4, ensure_ascii=False)
    return _escaped(text) if escape else text


def _escaped(text: str) -> str:
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
