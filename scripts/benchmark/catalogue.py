"""The metrics by name, in the order in which they run. Each function measures one or more of them."""

from collections.abc import Callable

from benchmark.session import Bench

Measure = Callable[[Bench], None]
METRICS: dict[str, Measure] = {}


def metric(*names: str) -> Callable[[Measure], Measure]:
    """Registers a function under the metrics that it measures."""

    def register(function: Measure) -> Measure:
        METRICS.update(dict.fromkeys(names, function))
        return function

    return register
