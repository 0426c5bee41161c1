"""All that depends on how many containers run: lists, inspect, stats and memory, first with one, then with N."""

import statistics
import time
from dataclasses import dataclass, field

from benchmark.catalogue import metric
from benchmark.engine import SLEEP, Engine
from benchmark.marks import MB, expect, now
from benchmark.probes import hammer
from benchmark.processes import by_name, cpu_ms, footprint
from benchmark.samples import percentile
from benchmark.session import Bench, in_parallel

SETTLE_SECONDS = 1.0  # before memory is read, and over which CPU time is
MANY, FEW = 50, 10  # containers, and with --quick; the rows are named after them
PORTS = 100  # that one container publishes
RESTED = 18  # readings, a second apart, of which the least counts: pierd gives memory back every 15 s


@dataclass
class Fleet:
    """The containers of each engine, and what it weighed without them in MB."""

    bench: Bench
    ids: dict[str, list[str]] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)

    def grow(self, engine: Engine, count: int) -> None:
        """Starts so many more `sleep`."""
        made = in_parallel(4, lambda _: engine.run(SLEEP), range(count))
        self.ids.setdefault(engine.name, []).extend(made)

    def weigh_idle(self, engine: Engine) -> None:
        """The footprint before the fleet."""
        with self.bench.check("memory.idle", engine, "MB"):
            self.idle[engine.name] = weigh(engine)
            self.bench.add("memory.idle", engine, self.idle[engine.name], "MB")

    def weigh_loaded(self, engine: Engine) -> None:
        """What each container of the fleet added, by name of process, and the CPU time that they cost at rest."""
        count = len(self.ids[engine.name])
        loaded = weigh(engine)
        self.bench.add("memory.loaded", engine, loaded, "MB")
        self.bench.add("memory.per_container", engine, (loaded - self.idle[engine.name]) / count, "MB")
        sizes = footprint(engine)
        self.bench.notes[f"{engine.name} with {count} containers, PSS in kB"] = by_name(sizes)
        for _ in range(1 if self.bench.options.quick else 3):
            before = cpu_ms(sizes)
            time.sleep(SETTLE_SECONDS)
            spent = (cpu_ms(sizes) - before) / SETTLE_SECONDS
            self.bench.add(f"memory.idle_cpu_n{count}", engine, spent, "ms/s")

    def weigh_ports(self, engine: Engine) -> None:
        """What the first published port adds, which may start something for all of them, and what each further one."""
        rested = []
        for count in (0, 1, PORTS):
            cid = engine.run_published(count)
            rested.append(min(weigh(engine) for _ in range(RESTED)))
            engine.remove(cid)
        none, one, many = rested
        self.bench.add("memory.first_port", engine, one - none, "MB")
        self.bench.add("memory.per_port", engine, (many - one) / (PORTS - 1), "MB")

    def remove(self, engine: Engine) -> None:
        """Removes all of them."""
        in_parallel(4, engine.remove, self.ids.pop(engine.name, []))

    def list_and_inspect(self, count: int) -> None:
        """ps_api and inspect_api with so many running."""
        for engine in self.bench.rounds(3, quick=2):
            if not self.ids.get(engine.name):
                continue
            for conns in (1, 8) if "ps_api" in self.bench.selected else ():
                self._list(engine, f"ps_api.n{count}.c{conns}", conns)
            if "inspect_api" in self.bench.selected:
                with self.bench.check(f"inspect_api.n{count}", engine):
                    cid = self.ids[engine.name][0]
                    expect(engine.inspect(cid)["Id"] == cid, "inspect returned another container")
                    times, _ = hammer(engine, f"/containers/{cid}/json", 1, 300, self.limit)
                    self.bench.add(f"inspect_api.n{count}.p50", engine, statistics.median(times))

    def _list(self, engine: Engine, row: str, conns: int) -> None:
        with self.bench.check(row, engine):
            seen = {container["Id"] for container in engine.listed()}
            expect(seen >= set(self.ids[engine.name]), "containers missing from the list")
            times, rate = hammer(engine, "/containers/json", conns, 400, self.limit)
            self.bench.add(f"{row}.p50", engine, statistics.median(times))
            self.bench.add(f"{row}.p99", engine, percentile(times, 0.99))
            self.bench.add(f"{row}.rate", engine, rate, "1/s")

    @property
    def limit(self) -> float:
        """Seconds for one round of requests."""
        return 0.4 if self.bench.options.quick else 0.8


def weigh(engine: Engine) -> float:
    """The footprint in MB, after a moment's rest."""
    time.sleep(SETTLE_SECONDS)
    return sum(size for _, size in footprint(engine).values()) * 1024 / MB


@metric("memory", "ps_api", "inspect_api", "stats_latency")
def scale(bench: Bench) -> None:
    """The fleet's whole life; memory before, with and after it."""
    count = FEW if bench.options.quick else MANY
    memory = "memory" in bench.selected
    fleet = Fleet(bench)
    for engine in bench.engines:
        if memory:
            fleet.weigh_idle(engine)
        with bench.check("fleet", engine):
            fleet.grow(engine, 1)
    fleet.list_and_inspect(1)
    if "stats_latency" in bench.selected:
        stats_latency(bench, fleet)
    for engine in bench.engines:
        with bench.check("fleet", engine):
            fleet.grow(engine, count - 1)
            if memory:
                fleet.weigh_loaded(engine)
    fleet.list_and_inspect(count)
    for engine in bench.engines:
        if memory and not bench.options.quick:
            with bench.check("memory.per_port", engine, "MB"):
                fleet.weigh_ports(engine)
    for engine in bench.engines:
        with bench.check("fleet", engine):
            fleet.remove(engine)
        if memory:
            with bench.check("memory.after", engine, "MB"):
                bench.add("memory.after", engine, weigh(engine), "MB")


def stats_latency(bench: Bench, fleet: Fleet) -> None:
    """One-shot stats of one container."""
    for engine in bench.rounds(5, quick=1):
        with bench.check("stats_latency", engine):
            path = f"/containers/{fleet.ids[engine.name][0]}/stats?stream=false&one-shot=true"
            began = now()
            stats = engine.call("GET", path).json()
            took = (now() - began) * 1000
            expect(stats["memory_stats"]["usage"] > 0, "no memory usage in the stats")
            bench.add("stats_latency", engine, took)
