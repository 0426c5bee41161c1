"""Rounds of work, death, new start and judgement."""

import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from support import leaks
from support.containerd import Containerd
from support.engine import Engine
from support.fetch import fetch, free_port
from support.images import BUSYBOX
from support.wait import wait_for

from chaos import invariants
from chaos.ledger import Ledger
from chaos.points import POINTS, Point
from chaos.workload import Workload

POINT_PATIENCE = 15.0  # seconds in which a workload should come so far; one that does not is killed outright
CONTAINERD_EVERY = 8  # in one of so many rounds containerd is killed, too; its clients then reach no point
_DYING = Path(__file__).with_name("dying_pierd.py")


class DyingEngine(Engine):
    """An engine whose next start has a point to die at; `trigger` arms it."""

    point: Point | None = None

    @property
    def trigger(self) -> Path:
        return self.exec_root / "chaos-trigger"

    @property
    def command(self) -> list[str]:
        plain = super().command
        if self.point is None:
            return plain
        return [sys.executable, str(_DYING), *plain[plain.index("pier.daemon") + 1 :]]

    def start_doomed(self, point: Point | None) -> None:
        """Starts pierd with a point at which it will die, or with none."""
        self.point = point
        self.trigger.unlink(missing_ok=True)
        wish = {"PIER_CHAOS_POINT": point.encode(), "PIER_CHAOS_TRIGGER": str(self.trigger)} if point else {}
        os.environ.update(wish)
        try:
            self.start()
        finally:
            for name in wish:
                del os.environ[name]

    def is_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None


@dataclass
class Figures:
    """What came of all rounds. `points` counts the deaths at each named point."""

    rounds: int = 0
    kills: int = 0
    busy_kills: int = 0  # while a writer and a pull were at full speed
    containerd_kills: int = 0
    operations: int = 0
    points: "Counter[str]" = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def missed_points(self) -> list[str]:
        return [str(point) for point in POINTS if not self.points[str(point)]]

    def __str__(self) -> str:
        return (
            f"rounds {self.rounds}, kills of pierd {self.kills} ({self.busy_kills} while a log writer and a pull were "
            f"at full speed; at {len(self.points)} of {len(POINTS)} named points), kills of containerd "
            f"{self.containerd_kills}, requests answered {self.operations}, violations {len(self.violations)}"
        )


class Rounds:
    """One engine, one containerd, one registry, killed and judged again and again."""

    def __init__(self, engine: DyingEngine, containerd: Containerd, pulled: str, seed: int) -> None:
        self._engine = engine
        self._containerd = containerd
        self._pulled = pulled
        self._seed = seed
        self._chance = random.Random(seed)
        self._points = list(POINTS)
        self._chance.shuffle(self._points)
        self._nap = threading.Event()
        self.figures = Figures()

    def prepare(self) -> None:
        """Starts the container that must live through it all, and notes what there is when all is quiet."""
        self._port = free_port()
        serve = "mkdir -p /www; echo steady > /www/index.html; exec httpd -f -p 80 -h /www"
        self._engine.docker(
            "run", "-d", "--name", "steady", "-p", f"{self._port}:80", BUSYBOX, "sh", "-c", serve
        ).check()
        wait_for(lambda: fetch("127.0.0.1", self._port), what="the steady container serves")
        self._steady = self._engine.call("GET", "/containers/steady/json").json()["State"]
        self._quiet = leaks.take(self._engine)
        self._engine.kill()

    def run(self, count: int) -> Figures:
        """So many rounds; what was violated is in the figures, and said at once on stderr."""
        for number in range(1, count + 1):
            ledger = Ledger()
            what = self._round(number, ledger)
            for violation in self._judge(ledger):
                text = f"round {number} ({what}, seed {self._seed}): {violation}"
                self.figures.violations.append(text)
                print(f"VIOLATION {text}", file=sys.stderr, flush=True)
            self.figures.rounds += 1
            self.figures.operations += ledger.operations
            print(f"round {number}: {what}, {ledger.operations} requests", file=sys.stderr, flush=True)
        return self.figures

    # -- one round --------------------------------------------------------------------------------------------------

    def _round(self, number: int, ledger: Ledger) -> str:
        """Works on the engine until it is dead; how it died."""
        point = None if number % 2 else self._next_point(number)
        with_containerd = number % CONTAINERD_EVERY == 1
        self._engine.start_doomed(point)
        work = Workload(self._engine, BUSYBOX, ledger, tolerant=with_containerd, seed=self._seed + number)
        try:
            work.live(2)
            work.write()
            work.pull(self._pulled)
            self._nap.wait(self._chance.uniform(0.1, 1.2))
            self._await_work(ledger, self._chance.randint(0, 12))
            if with_containerd:
                self._containerd.stop(keep_containers=True)
                self.figures.containerd_kills += 1
            how = self._kill(point)
        finally:
            self._engine.point = None
            self._engine.trigger.unlink(missing_ok=True)
            if with_containerd:
                self._containerd.start()
            work.stop()
        return f"{how}, and containerd" if with_containerd else how

    def _await_work(self, ledger: Ledger, requests: int) -> None:
        """On a slow machine the moments would else all be in the first requests of their rounds."""
        with suppress(AssertionError):  # all clients wait: that is a moment, too
            what = f"{requests} requests are answered"
            wait_for(lambda: ledger.operations >= requests, what=what, timeout=POINT_PATIENCE, interval=0.01)

    def _next_point(self, number: int) -> Point:
        point = self._points[(number // 2 - 1) % len(self._points)]
        return Point(point.moment, point.port, point.method, self._chance.randint(1, 2))

    def _kill(self, point: Point | None) -> str:
        self.figures.kills += 1
        self.figures.busy_kills += 1
        if point is not None:
            self._engine.trigger.touch()
            try:
                wait_for(self._engine.is_dead, what="pierd dies", timeout=POINT_PATIENCE, interval=0.02)
            except AssertionError:
                self._engine.kill()
                return f"at a random moment, as {point} was not reached"
            self.figures.points[str(point)] += 1
            self._engine.kill()  # reaps it
            return f"dead {point}"
        self._engine.kill()
        return "killed at a random moment"

    # -- and what it left -------------------------------------------------------------------------------------------

    def _judge(self, ledger: Ledger) -> Iterator[str]:
        engine = self._engine
        engine.start()
        yield from ledger.unexpected
        yield from invariants.kept_promises(engine, ledger)
        yield from invariants.true_states(engine)
        yield from invariants.whole_logs(engine, ledger)
        yield from invariants.steady_container(engine, self._steady, self._port)
        yield from invariants.usable_images(engine, self._pulled)
        yield from self._leftovers()
        engine.kill()

    def _leftovers(self) -> Iterator[str]:
        engine = self._engine
        for row in engine.call("GET", "/containers/json?all=1").json():
            if row["Names"] != ["/steady"]:
                reply = engine.call("DELETE", f"/containers/{row['Id']}?force=1&v=1")
                if reply.status not in (204, 404):
                    yield f"cannot remove {row['Names'][0]}: {reply.body!r}"
        engine.call("DELETE", f"/images/{self._pulled}?force=1")
        try:
            leaks.assert_nothing_left(engine, self._quiet, timeout=invariants.SETTLING)
        except AssertionError as error:
            yield str(error)
            self._quiet = leaks.take(engine)  # said once, not again in each further round
