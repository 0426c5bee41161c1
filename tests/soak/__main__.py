"""`scripts/soak`: so many lives of containers and so many clients; exits 1 when pierd has grown by it."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.containerd import running_containerd
from support.engine import Engine
from support.images import BUSYBOX, busybox_archive
from support.wait import wait_for

from soak.clients import vanish
from soak.cycles import run_cycles
from soak.footprint import Footprint, footprint_of

GROWTH = 5_000_000  # bytes that memory may grow by
TRIM_SECONDS = 20  # in which pierd gives back what it does not need
SPARE = 3  # descriptors and threads that may come and go
BATCH = 1000  # cycles or clients after which the figures are said, so that a slow leak shows as a slope
CHATTERBOX = "i=0; while :; do i=$((i+1)); echo line $i; [ $((i % 200)) = 0 ] && usleep 20000; done"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--cycles", type=int, default=5000, help="containers created, started, ended and removed")
    parser.add_argument("--clients", type=int, default=1000, help="clients of attach, logs, stats and events")
    # Caches fill once: SQLite's, of 2 MB, takes as many lives of containers.
    parser.add_argument("--warm-up", type=int, default=BATCH, help="cycles, and clients, before the first measurement")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # takes everything down on its way out
    found = run(options.cycles, options.clients, options.warm_up)
    print("\n".join(found) or "pierd has not grown")
    return 1 if found else 0


def run(cycles: int, clients: int, warm_up: int, growth: int = GROWTH) -> list[str]:
    """What has grown, memory by more than `growth` bytes, in words; nothing is good."""
    with running_containerd() as containerd:
        engine = Engine(containerd.address, flags=("--log-level", "info"))
        try:
            engine.start()
            reply = engine.call("POST", "/images/load?quiet=1", busybox_archive().read_bytes())
            assert reply.status == 200, reply.body
            engine.docker("run", "-d", "--name", "chatterbox", BUSYBOX, "sh", "-c", CHATTERBOX).check()
            return [
                *_grown(engine, "container cycles", cycles, warm_up, lambda count: run_cycles(engine, count), growth),
                *_grown(engine, "clients", clients, warm_up, lambda count: vanish(engine, "chatterbox", count), growth),
            ]
        finally:
            if engine.process and engine.answers():
                engine.remove_all_containers()
            engine.destroy()


def _grown(engine: Engine, what: str, count: int, warm_up: int, work: Callable[[int], None], growth: int) -> list[str]:
    if not count:
        return []
    work(min(warm_up, count))
    before = after = _at_rest(engine.pid, SPARE, None)
    _say(f"after {min(warm_up, count)} {what} to warm up: {before}")
    for done in range(0, count, BATCH):
        work(min(BATCH, count - done))
        after = _at_rest(engine.pid, SPARE, before)
        _say(f"after {min(done + BATCH, count)} {what}: {after}")
    found = []
    if after.memory > before.memory + growth:
        found.append(f"memory has grown by {(after.memory - before.memory) / 1e6:.1f} MB over {count} {what}")
    if after.descriptors > before.descriptors + SPARE:
        found.append(f"{after.descriptors - before.descriptors} descriptors are left of {count} {what}")
    if after.threads > before.threads + SPARE:
        found.append(f"{after.threads - before.threads} threads are left of {count} {what}")
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _at_rest(pid: int, spare: int, wanted: Footprint | None) -> Footprint:
    """Once the descriptors are as few as before, or do not change any more."""
    last: list[int] = []

    def is_settled() -> bool:
        last.append(footprint_of(pid).descriptors)
        if wanted is not None and last[-1] <= wanted.descriptors + spare:
            return True
        return len(last) > 8 and len(set(last[-8:])) == 1

    wait_for(is_settled, what="pierd is at rest", timeout=90, interval=0.5)
    threading.Event().wait(TRIM_SECONDS)
    return footprint_of(pid)


if __name__ == "__main__":
    sys.exit(main())
