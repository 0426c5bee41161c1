"""One run: the engines, the rounds over them, the checks and what was measured."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from benchmark.engine import SLEEP, Engine
from benchmark.marks import CheckFailed, expect, now
from benchmark.options import Options
from benchmark.probes import free_port
from benchmark.samples import Row

ERRORS = (CheckFailed, OSError, LookupError, TypeError, ValueError, subprocess.SubprocessError)
HOST = "host"  # stands for an engine where there is none
TERM_AWARE = 'trap "exit 0" TERM; {}while :; do sleep 1000 & wait $!; done'
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Bench:
    """What the metrics work with. `rows` fills with samples and failures, `notes` with what explains them."""

    engines: Sequence[Engine]
    options: Options
    selected: frozenset[str]
    rows: dict[str, Row] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def rounds(self, full: int, quick: int = 0) -> Iterator[Engine]:
        """Every engine once a round, in an order that turns round every time, so that noise falls on all alike."""
        count = (quick or full) if self.options.quick else max(1, round(full * self.options.effort))
        for i in range(count):
            yield from self.engines[:: -1 if i % 2 else 1]

    def add(self, metric: str, who: Engine | str, value: float, unit: str = "ms") -> None:
        """Keeps a sample that passed its check."""
        self.rows.setdefault(metric, Row(unit)).values.setdefault(name_of(who), []).append(value)

    @contextmanager
    def check(self, metric: str, who: Engine | str, unit: str = "ms") -> Iterator[None]:
        """What goes wrong inside is a failure of this metric in the report, and the run goes on."""
        try:
            yield
        except ERRORS as error:
            text = str(error) if isinstance(error, CheckFailed) else f"{type(error).__name__}: {error}"
            self.rows.setdefault(metric, Row(unit)).failures.setdefault(name_of(who), []).append(text)
            say(f"FAILED {metric} on {name_of(who)}: {text}")

    def has_failed(self) -> bool:
        """Whether any sample of any metric failed."""
        return any(row.failures for row in self.rows.values())

    def command(self, *argv: str) -> tuple[float, bytes]:
        """Milliseconds of a whole command that must exit 0, and what it printed; none of the user's settings."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "PIER_", "PYTHON"))}
        kept |= {"DOCKER_CONFIG": self.options.scratch, "HOME": self.options.scratch}
        began = now()
        done = subprocess.run(argv, env=kept, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        took = (now() - began) * 1000
        expect(done.returncode == 0, f"{argv[0]}: exit {done.returncode} {done.stderr[-200:]!r}")
        return took, done.stdout

    def docker(self, engine: Engine, *args: str) -> tuple[float, bytes]:
        """The docker CLI on an engine; see `command`."""
        return self.command(self.options.docker, "-H", f"unix://{engine.sock}", *args)


def name_of(who: Engine | str) -> str:
    """By what name samples are kept."""
    return who if isinstance(who, str) else who.name


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def pets(
    bench: Bench, metric: str, cmd: Sequence[str] = SLEEP, *, publish: bool = False
) -> Iterator[dict[str, tuple[str, int]]]:
    """One running container on each engine, for metrics that reuse it: name of the engine -> (id, port)."""
    made: dict[str, tuple[str, int]] = {}
    try:
        for engine in bench.engines:
            with bench.check(metric, engine):
                port = free_port() if publish else 0
                made[engine.name] = (engine.run(cmd, port), port)
        yield made
    finally:
        for engine in bench.engines:
            if engine.name in made:
                with suppress(CheckFailed, OSError):
                    engine.remove(made[engine.name][0])


def in_parallel(workers: int, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results of `work` by so many threads, in order. The first error, or Ctrl-C, drops what has not begun."""
    pool = ThreadPoolExecutor(workers)
    try:
        return list(pool.map(work, items))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
