"""What a run found: a table of medians, spreads and ratios, and all of it as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.samples import HIGHER_IS_BETTER, Row, number, with_spread
from benchmark.session import HOST, Bench

LEGEND = (
    "A cell is the median over rounds, with the quartiles (of two or three rounds: the extremes) in brackets. A ratio "
    "is the median of the rounds' ratios, each round's pair taken moments apart. MB/s and 1/s are better high, all "
    "else low; `~` is within 5 %, or a spread of the ratio that holds 1."
)


def is_of_host(row: Row) -> bool:
    """Whether a row was measured without an engine."""
    return HOST in row.values or HOST in row.failures


def table(rows: Mapping[str, Row], names: Sequence[str]) -> str:
    """The rows of the engines in Markdown, then those without an engine."""
    first, others = names[0], names[1:]
    lines = [["metric", "unit", *names, *(f"{first}/{other}" for other in others), "better"]]
    for key, row in rows.items():
        if not is_of_host(row):
            lines.append([key, row.unit, *(cell(row, name) for name in names)])
            lines[-1] += [ratio_cell(row, first, other) for other in others]
            lines[-1].append(row.best(names))
    text = aligned(lines)
    host = {key: row for key, row in rows.items() if is_of_host(row)}
    if host:
        lines = [["without an engine", "unit", "median", "fastest"]]
        for key, row in host.items():
            fastest = min(row.values.get(HOST, ()), default=None)
            lines.append([key, row.unit, cell(row, HOST), number(fastest)])
        text += "\n" + aligned(lines)
    return text


def cell(row: Row, name: str) -> str:
    """A median with its spread, and how many samples failed."""
    bad, good = row.failures.get(name, []), row.values.get(name, [])
    text = with_spread(row.median(name), good)
    return f"{text} ({len(bad)} of {len(bad) + len(good)} FAILED)" if bad else text


def ratio_cell(row: Row, first: str, other: str) -> str:
    """The ratio of two engines with its spread over the rounds."""
    return with_spread(row.ratio(first, other), row.pairs(first, other))


def failures(rows: Mapping[str, Row]) -> str:
    """The first failure of each metric on each engine; empty without any."""
    found = [f"- {key} on {name}: {texts[0]}" for key, row in rows.items() for name, texts in row.failures.items()]
    return "\nFailures (the first of each):\n" + "\n".join(found) + "\n" if found else ""


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up; the first line is its head."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width for width in widths]
    rows = [lines[0], rule, *lines[1:]]
    return "".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |\n" for row in rows
    )


def memory_notes(bench: Bench) -> list[str]:
    """Of which processes `memory` was the sum."""
    return [
        f"{what}: "
        + ", ".join(f"{name} {size}" for name, size in sorted(sizes.items(), key=lambda pair: -pair[1]))
        + "."
        for what, sizes in bench.notes.items()
    ]


def as_json(bench: Bench, about: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Every sample, failure, median and ratio, with what is known `about` the machine and the engines."""
    return {
        **about,
        "quick": bench.options.quick,
        "effort": bench.options.effort,
        "seconds": round(seconds, 1),
        "seconds_by_metric": bench.took,
        "notes": bench.notes,
        "axes": {axis: bench.options.points[axis] for axis in bench.options.axes} if bench.options.growth else {},
        "metrics": {key: row_json(row, [engine.name for engine in bench.engines]) for key, row in bench.rows.items()},
    }


def row_json(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """One metric."""
    return {
        "unit": row.unit,
        "higher_is_better": row.unit in HIGHER_IS_BETTER,
        "median": {name: row.median(name) for name in row.values},
        "ratio": {f"{names[0]}/{other}": row.ratio(names[0], other) for other in names[1:]},
        "samples": row.values,
        "failures": row.failures,
    }
