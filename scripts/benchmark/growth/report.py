"""The tables of a climb: every figure beside what it was at the first point."""

from collections.abc import Mapping, Sequence

from benchmark.growth.axes import AXES
from benchmark.growth.cells import Cell, cells_of
from benchmark.report import aligned, ratio_cell
from benchmark.report import cell as shown
from benchmark.samples import Row, number

LEGEND = (
    "`grown` is the figure over that at the first point. `run` is create, start, wait and remove of `true`, `start` "
    "its second step; ps, ls and inspect are medians of requests on a kept-alive connection; `memory` is the PSS of "
    "the daemon, its further processes and the containers' monitors."
)


def growth_table(
    rows: Mapping[str, Row], names: Sequence[str], points: Mapping[str, Sequence[int]], axes: Sequence[str]
) -> str:
    """One Markdown table for each axis, under its title."""
    parts = []
    for axis in axes:
        found = list(cells_of(rows, axis, points[axis]))
        if found:
            parts.append(f"### {AXES[axis].title.capitalize()}\n\n" + axis_table(rows, names, found))
    return "\n".join(parts)


def axis_table(rows: Mapping[str, Row], names: Sequence[str], found: Sequence[Sequence[Cell]]) -> str:
    """The figures of one axis, a metric's points below each other."""
    first, others = names[0], names[1:]
    head = ["metric", "unit", AXES[found[0][0].axis].name]
    head += [word for name in names for word in (name, "grown")] + [f"{first}/{other}" for other in others]
    lines = [head]
    for cells in found:
        for cell in cells:
            row = rows[cell.key]
            line = [cell.title, cell.unit, str(cell.count)]
            for name in names:
                line += [shown(row, name), grown(row, rows[cells[0].key], name)]
            lines.append(line + [ratio_cell(row, first, other) for other in others])
    return aligned(lines)


def grown(row: Row, at_first: Row, name: str) -> str:
    """How many times a median is what it was at the first point."""
    now, then = row.median(name), at_first.median(name)
    return number(now / then) if now is not None and then else "-"
