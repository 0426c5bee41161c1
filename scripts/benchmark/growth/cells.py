"""The figures of a climb: what was measured, on which axis, with how many; and as lines of a plot."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmark.growth.axes import AXES
from benchmark.samples import Row, spread

METRICS = ("run", "start", "ps", "inspect", "list", "memory")


@dataclass(frozen=True)
class Cell:
    """One figure."""

    axis: str
    metric: str
    count: int

    @property
    def key(self) -> str:
        """The name of its row."""
        return f"{self.axis}.{self.metric}.n{self.count}"

    @property
    def unit(self) -> str:
        """What it is measured in."""
        return "MB" if self.metric == "memory" else "ms"

    @property
    def title(self) -> str:
        """What a report calls it: the list has the name of its command."""
        return AXES[self.axis].shown if self.metric == "list" else self.metric


@dataclass(frozen=True)
class Line:
    """One engine in one panel: at `xs` things the medians `ys`, and between what the samples lay."""

    name: str
    xs: tuple[int, ...]
    ys: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """One small plot: a metric along an axis."""

    axis: str
    title: str
    unit: str
    lines: tuple[Line, ...]


def cells_of(rows: Mapping[str, Row], axis: str, points: Sequence[int]) -> Iterator[list[Cell]]:
    """For each metric that was measured on this axis, its cells in order of rising counts."""
    for metric in METRICS:
        cells = [cell for count in points if (cell := Cell(axis, metric, count)).key in rows]
        if cells:
            yield cells


def panels(
    rows: Mapping[str, Row], names: Sequence[str], points: Mapping[str, Sequence[int]], axes: Sequence[str]
) -> list[list[Panel]]:
    """The panels of each axis, in the order of METRICS; engines without a single median are left out."""
    return [
        [
            Panel(axis, cells[0].title, cells[0].unit, tuple(lines_of(rows, names, cells)))
            for cells in cells_of(rows, axis, points[axis])
        ]
        for axis in axes
    ]


def lines_of(rows: Mapping[str, Row], names: Sequence[str], cells: Sequence[Cell]) -> Iterator[Line]:
    """One line for each engine that has figures."""
    for name in names:
        known = [(cell.count, median, rows[cell.key]) for cell in cells if (median := rows[cell.key].median(name))]
        around = [spread(row.values[name]) or (median, median) for _, median, row in known]
        if known:
            yield Line(
                name,
                xs=tuple(count for count, _, _ in known),
                ys=tuple(median for _, median, _ in known),
                lows=tuple(low for low, _ in around),
                highs=tuple(high for _, high in around),
            )
