"""The tables of a climb: each metric's medians along an axis, and how many times the first the last of them is."""

from collections.abc import Mapping, Sequence

from benchmark.growth.axes import AXES
from benchmark.growth.cells import Cell, cells_of
from benchmark.report import aligned
from benchmark.samples import Row, number

BEGIN, END = "<!-- growth -->", "<!-- /growth -->"
LEGEND = (
    "Figures are medians over rounds (the plot and `--json` have the spread), `grown` is the last over the first. "
    "`run` is create, start, wait and remove of `true`, `start` its second step; ps, ls and inspect are medians of "
    "requests on a kept-alive connection; `memory` is the PSS of the daemon, its further processes and the "
    "containers' monitors. Of the finished containers the first thousand have run, the others were only created."
)


def growth_table(
    rows: Mapping[str, Row], names: Sequence[str], points: Mapping[str, Sequence[int]], axes: Sequence[str]
) -> str:
    """One Markdown table for each axis that has figures, with a column for each of its points."""
    parts = []
    for axis in axes:
        found = list(cells_of(rows, axis, points[axis]))
        if found:
            parts.append(axis_table(rows, names, AXES[axis].title, points[axis], found))
    return "\n".join(parts)


def inserted(document: str, text: str) -> str:
    """A document with `text` between its two marks. ValueError where it has none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"there are no lines {BEGIN} and {END}, in this order")
    return f"{before}{BEGIN}\n{text.strip()}\n{END}{after}"


def axis_table(
    rows: Mapping[str, Row], names: Sequence[str], title: str, points: Sequence[int], found: Sequence[Sequence[Cell]]
) -> str:
    """A line for each metric and engine."""
    lines = [[title, "", *map(str, points), "grown"]]
    for cells in found:
        for name in names:
            medians = {cell.count: shown(rows[cell.key], name) for cell in cells}
            line = [f"{cells[0].title}, {cells[0].unit}", name, *(medians.get(count, "") for count in points)]
            lines.append([*line, grown(rows[cells[0].key], rows[cells[-1].key], name)])
    return aligned(lines)


def shown(row: Row, name: str) -> str:
    """A median, and whether samples failed."""
    return number(row.median(name)) + (" (FAILED)" if row.failures.get(name) else "")


def grown(first: Row, last: Row, name: str) -> str:
    """How many times a median is what it was at the first point."""
    now, then = last.median(name), first.median(name)
    return number(now / then) if now is not None and then else "-"
