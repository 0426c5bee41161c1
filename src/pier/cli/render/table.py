"""Aligned columns: each as wide as its longest cell plus three blanks, at least ten wide; the last is not padded."""

PADDING = 3
LEAST_WIDTH = 10
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def format_table(rows: "Sequence[Sequence[str]]", least_width: int = LEAST_WIDTH) -> str:
    """The rows as text, one line each, every line ended."""
    columns = max((len(row) for row in rows), default=0)
    widths = [
        max(least_width, PADDING + max(len(row[index]) for row in rows if index < len(row) - 1))
        if any(index < len(row) - 1 for row in rows)
        else 0
        for index in range(columns)
    ]
    return "".join(
        "".join(cell.ljust(widths[index]) for index, cell in enumerate(row[:-1])) + (row[-1] if row else "") + "\n"
        for row in rows
    )
