"""Samples of one metric on several engines: medians, their spread, and ratios of rounds taken moments apart."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

HIGHER_IS_BETTER = frozenset({"MB/s", "1/s"})


@dataclass
class Row:
    """One metric: its unit, and by name of the engine the samples and what failed."""

    unit: str
    values: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)

    def median(self, name: str) -> float | None:
        """The middle of an engine's samples; None without one."""
        values = self.values.get(name)
        return statistics.median(values) if values else None

    def pairs(self, first: str, other: str) -> list[float]:
        """first/other of each round; empty where rounds are missing on one of them or a sample is 0."""
        left, right = self.values.get(first, []), self.values.get(other, [])
        if len(left) != len(right) or not all(left + right):
            return []
        return [a / b for a, b in zip(left, right, strict=True)]

    def ratio(self, first: str, other: str) -> float | None:
        """The median of the rounds' ratios, or the ratio of the medians where rounds are missing."""
        if pairs := self.pairs(first, other):
            return statistics.median(pairs)
        left, right = self.median(first), self.median(other)
        return left / right if left and right else None

    def best(self, names: Sequence[str]) -> str:
        """The engine that did best by the ratios to the first; empty when there are not two with samples.

        `~` when the next best is within 5 %, or when the rounds' spread does not tell the two apart.
        """
        first = names[0]
        relative = {first: 1.0} if self.values.get(first) else {}
        relative |= {other: 1 / ratio for other in names[1:] if (ratio := self.ratio(first, other))}
        if len(relative) < 2:
            return ""
        ranked = sorted(relative, key=lambda name: relative[name], reverse=self.unit in HIGHER_IS_BETTER)
        best, second = ranked[:2]
        between = spread(self.pairs(best, second))
        near = 1 / 1.05 < relative[best] / relative[second] < 1.05
        return "~" if near or (between and between[0] <= 1 <= between[1]) else best


def spread(values: Sequence[float]) -> tuple[float, float] | None:
    """Between what the samples lie: the quartiles of four and more, the least and the greatest of two or three."""
    if len(values) < 2:
        return None
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def percentile(values: Sequence[float], share: float) -> float:
    """The sample below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def number(value: float | None) -> str:
    """Three figures, as the tables show them."""
    if value is None:
        return "-"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def with_spread(value: float | None, values: Sequence[float]) -> str:
    """`12.3 (11.9..12.8)`: a median, and the spread of what it is the median of."""
    around = spread(values)
    return f"{number(value)} ({number(around[0])}..{number(around[1])})" if around else number(value)
