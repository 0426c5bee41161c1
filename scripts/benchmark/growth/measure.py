"""Climbs each axis point by point on all engines together, and measures the same things at each point."""

import statistics
from dataclasses import dataclass, field

from benchmark.engine import Engine
from benchmark.growth.axes import AXES, Axis
from benchmark.growth.cells import Cell
from benchmark.marks import expect
from benchmark.metrics.fleet import weigh
from benchmark.metrics.runs import run_once
from benchmark.probes import hammer
from benchmark.session import Bench, in_parallel, name_of, pets, say

REQUESTS, REQUEST_SECONDS = 200, 0.4  # at most, for one sample of a list or an inspect


def measure_growth(bench: Bench) -> None:
    """All axes that the options name; each is taken down before the next."""
    for name in bench.options.axes:
        with pets(bench, f"{name}.pet") as pet:
            Climb(bench, AXES[name], {engine: cid for engine, (cid, _) in pet.items()}).run()


@dataclass
class Climb:
    """One axis: `pets` is the container that is inspected on each engine, `things` what it was given, in order."""

    bench: Bench
    axis: Axis
    pets: dict[str, str]
    things: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        """Every point, then the way back."""
        climbing = [engine for engine in self.bench.engines if engine.name in self.pets]
        try:
            for count in self.bench.options.points[self.axis.name]:
                say(f"growth: {count} {self.axis.title}")
                climbing = [engine for engine in climbing if self._grow(engine, count)]
                for engine in self.bench.rounds(5, quick=2):
                    if engine in climbing:
                        self._sample(engine, count)
                for engine in self.bench.rounds(2, quick=1):
                    if engine in climbing:
                        cell = Cell(self.axis.name, "memory", count)
                        with self.bench.check(cell.key, engine, cell.unit):
                            self.bench.add(cell.key, engine, weigh(engine), cell.unit)
        finally:
            for engine in self.bench.engines:
                self._remove(engine)

    def _grow(self, engine: Engine, count: int) -> bool:
        """Makes what is missing up to `count` and finds all of it listed; whether that went well."""
        things = self.things.setdefault(engine.name, [])
        slot = [name_of(one) for one in self.bench.engines].index(engine.name)
        wanted = range(len(things), count - self.axis.already)
        with self.bench.check(Cell(self.axis.name, "made", count).key, engine):
            things += in_parallel(self.axis.workers, lambda number: self.axis.make(engine, slot, number), wanted)
            rows = engine.call("GET", self.axis.listing).json()
            missing = set(things) - {name for row in rows for name in self.axis.names(row)}
            expect(not missing, f"{len(missing)} of {count} {self.axis.title} are not listed")
            return True
        return False

    def _sample(self, engine: Engine, count: int) -> None:
        """One round: a run, and some requests of each list and of inspect."""
        run = Cell(self.axis.name, "run", count)
        with self.bench.check(run.key, engine):
            laps = run_once(engine, self.axis.host(self.things[engine.name]))
            self.bench.add(run.key, engine, laps[""])
            self.bench.add(Cell(self.axis.name, "start", count).key, engine, laps["start"])
        paths = {"ps": "/containers/json", "inspect": f"/containers/{self.pets[engine.name]}/json"}
        if self.axis.shown:
            paths["list"] = self.axis.listing
        for metric, path in paths.items():
            cell = Cell(self.axis.name, metric, count)
            with self.bench.check(cell.key, engine):
                times, _ = hammer(engine, path, 1, REQUESTS, REQUEST_SECONDS)
                self.bench.add(cell.key, engine, statistics.median(times))

    def _remove(self, engine: Engine) -> None:
        things = self.things.pop(engine.name, [])
        with self.bench.check(Cell(self.axis.name, "removed", len(things)).key, engine):
            in_parallel(self.axis.workers, lambda thing: self.axis.remove(engine, thing), things)
