"""Draws the figures of a climb as SVG. The only module that needs matplotlib (the extra `bench`)."""

import importlib.util
from collections.abc import Sequence
from typing import Any

from benchmark.growth.axes import AXES
from benchmark.growth.cells import Panel

WIDTH, HEIGHT = 3.1, 2.2  # inches of one panel


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(columns: Sequence[Sequence[Panel]], path: str) -> None:
    """Writes the panels, a column for each axis, with counts on a logarithmic scale; bars show the spread."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams |= {"svg.hashsalt": "bench", "svg.fonttype": "none"}  # same figures, same file; text as text
    height = max((len(column) for column in columns), default=1)
    figure = Figure(figsize=(WIDTH * len(columns), HEIGHT * max(1, height)), layout="constrained")
    grid = figure.subplots(max(1, height), max(1, len(columns)), squeeze=False)
    for x, column in enumerate(columns):
        for y in range(height):
            if y < len(column):
                draw_panel(grid[y][x], column[y], with_legend=x == 0 and y == 0)
            else:
                grid[y][x].set_visible(False)
    figure.savefig(path, format="svg", metadata={"Date": None})


def draw_panel(plot: Any, panel: Panel, *, with_legend: bool) -> None:
    """One metric along one axis."""
    for line in panel.lines:
        below = [y - low for y, low in zip(line.ys, line.lows, strict=True)]
        above = [high - y for y, high in zip(line.ys, line.highs, strict=True)]
        plot.errorbar(line.xs, line.ys, yerr=(below, above), marker="o", markersize=3, capsize=2, label=line.name)
    plot.set_xscale("log")
    counts = sorted({x for line in panel.lines for x in line.xs})
    plot.set_xticks(counts, [str(count) for count in counts])
    plot.set_ylim(0, 1.1 * max((high for line in panel.lines for high in line.highs), default=1))
    plot.locator_params(axis="y", nbins=4)
    plot.set_title(panel.title, fontsize=9)
    plot.set_xlabel(AXES[panel.axis].title, fontsize=8)
    plot.set_ylabel(panel.unit, fontsize=8)
    plot.minorticks_off()
    plot.tick_params(labelsize=7)
    plot.grid(visible=True, which="major", linewidth=0.3)
    if with_legend and panel.lines:
        plot.legend(fontsize=8)
