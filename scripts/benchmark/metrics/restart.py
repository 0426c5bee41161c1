"""How soon an engine knows its running containers again after it was started anew."""

import os
import signal
import subprocess
import time

from benchmark.catalogue import metric
from benchmark.engine import Engine
from benchmark.marks import CheckFailed, expect, now
from benchmark.processes import daemon_pids, has_ended
from benchmark.session import Bench, in_parallel, say

END_SECONDS = 60.0
START_SECONDS = 120.0
POLL_SECONDS = 0.002


@metric("restart")
def restart(bench: Bench) -> None:
    """From the start of the engine's process to the first list with all N containers running."""
    engines = [engine for engine in bench.engines if engine.name in bench.options.restart]
    if not engines:
        say("restart: skipped, no --restart NAME=COMMAND")
        return
    row = f"restart.n{bench.options.restart_count}"
    fleets: dict[str, set[str]] = {}
    for engine in engines:
        with bench.check(row, engine):
            expect_containers_outlive(engine)
            made = in_parallel(4, lambda _, engine=engine: engine.run(), range(bench.options.restart_count))  # type: ignore[misc]
            fleets[engine.name] = set(made)
    for engine in bench.rounds(5, quick=2):
        if engine.name not in fleets:
            continue
        with bench.check(row, engine):
            try:
                bench.add(row, engine, restart_once(engine, bench.options.restart[engine.name], fleets[engine.name]))
            except CheckFailed:
                del fleets[engine.name]  # it may be away; a further round would say no more
                raise
    for engine in engines:
        with bench.check(row, engine):
            in_parallel(4, engine.remove, sorted(fleets.get(engine.name, ())))


def expect_containers_outlive(engine: Engine) -> None:
    """CheckFailed when the engine's own word is that containers end with it: theirs would, whoever's they are."""
    lives_on = engine.call("GET", "/info").json().get("LiveRestoreEnabled")
    expect(lives_on is not False, "it is not restarted: without live-restore its containers would end with it")


def restart_once(engine: Engine, command: str, fleet: set[str]) -> float:
    """Ends the engine by SIGTERM and starts it by the command; milliseconds until its list is whole again."""
    stop(engine)
    began = now()
    started = subprocess.Popen(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    while not fleet <= running(engine):
        code = started.poll()
        expect(code in (None, 0), f"`{command}` ended with {code} before the engine answered")
        expect(now() - began < START_SECONDS, f"after `{command}` its containers were not all running again in time")
        time.sleep(POLL_SECONDS)
    return (now() - began) * 1000


def stop(engine: Engine) -> None:
    """SIGTERM to the engine's process, and its end."""
    pids = daemon_pids(engine)
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = now() + END_SECONDS
    while not all(map(has_ended, pids)):
        expect(now() < deadline, f"it did not end within {END_SECONDS:g} s of SIGTERM")
        time.sleep(POLL_SECONDS)


def running(engine: Engine) -> set[str]:
    """The ids that the engine lists as running; none while it does not answer."""
    try:
        return {row["Id"] for row in engine.listed() if row["State"] == "running"}
    except (OSError, CheckFailed):
        return set()
