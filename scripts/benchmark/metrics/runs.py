"""The life of containers: run, start, stop, exec, many at once; over the API and as whole commands."""

import time
import uuid

from benchmark.catalogue import metric
from benchmark.engine import Engine
from benchmark.marks import IMAGE, expect, now
from benchmark.session import HOST, TERM_AWARE, Bench, in_parallel, pets

TRAP_SECONDS = 0.2  # until the shell has set its trap


@metric("run_cli", "floor")
def run_cli(bench: Bench) -> None:
    """`docker run --rm IMAGE true`, and `ctr run --rm` as the floor, in the same rounds."""
    for engine in bench.rounds(10, quick=5):
        if "run_cli" in bench.selected:
            with bench.check("run_cli", engine):
                took, printed = bench.docker(engine, "run", "--rm", IMAGE, "true")
                expect(not printed, f"true printed {printed[:100]!r}")
                bench.add("run_cli", engine, took)
        if "floor" in bench.selected and engine is bench.engines[0]:
            for floor in bench.options.floors:
                with bench.check(f"floor.{floor.name}", HOST):
                    name = f"bench-{uuid.uuid4().hex[:8]}"
                    argv = [floor.ctr, "-a", floor.address, "run", "--rm", floor.image, name, "/bin/busybox", "true"]
                    bench.add(f"floor.{floor.name}", HOST, bench.command(*argv)[0])


@metric("run_api")
def run_api(bench: Bench) -> None:
    """Create, start, wait, remove; each step also apart."""
    for engine in bench.rounds(14, quick=5):
        with bench.check("run_api", engine):
            for step, took in run_once(engine).items():
                bench.add(f"run_api.{step}" if step else "run_api", engine, took)


def run_once(engine: Engine, host: dict[str, object] | None = None) -> dict[str, float]:
    """Milliseconds of one whole run of `true`, by step; the empty step is all of it."""
    laps = [now()]
    cid = engine.create(["true"], host=host)
    laps.append(now())
    engine.start(cid)
    laps.append(now())
    code = engine.wait(cid)
    laps.append(now())
    engine.remove(cid)
    laps.append(now())
    expect(code == 0, f"exit code {code}")
    steps = zip(("create", "start", "wait", "remove"), laps, laps[1:], strict=False)
    return {"": (laps[-1] - laps[0]) * 1000} | {step: (end - began) * 1000 for step, began, end in steps}


@metric("start_api", "stop_api")
def start_stop(bench: Bench) -> None:
    """The start request, and the stop request for a process that exits on TERM."""
    for engine in bench.rounds(8):
        with bench.check("start_api", engine):
            cid = engine.create(["sh", "-c", TERM_AWARE.format("")])
            began = now()
            engine.start(cid)
            took = (now() - began) * 1000
            expect(engine.inspect(cid)["State"]["Running"], "not running after start")
            bench.add("start_api", engine, took)
            time.sleep(TRAP_SECONDS)
            with bench.check("stop_api", engine):
                began = now()
                engine.call("POST", f"/containers/{cid}/stop?t=10")
                took = (now() - began) * 1000
                code = engine.inspect(cid)["State"]["ExitCode"]
                expect(code == 0, f"exit code {code}: not stopped by TERM")
                bench.add("stop_api", engine, took)
                engine.remove(cid)


@metric("exec_api", "exec_cli")
def execs(bench: Bench) -> None:
    """Exec create, start, read to the end, inspect; and `docker exec`."""
    with pets(bench, "exec_api") as pet:
        for engine in bench.rounds(15, quick=6):
            if "exec_api" in bench.selected:
                with bench.check("exec_api", engine):
                    began = now()
                    output, _ = engine.exec(pet[engine.name][0], ["echo", "hi"])
                    took = (now() - began) * 1000
                    expect(output == b"hi\n", f"exec printed {output!r}")
                    bench.add("exec_api", engine, took)
            if "exec_cli" in bench.selected:
                with bench.check("exec_cli", engine):
                    took, printed = bench.docker(engine, "exec", pet[engine.name][0], "echo", "hi")
                    expect(printed == b"hi\n", f"docker exec printed {printed[:100]!r}")
                    bench.add("exec_cli", engine, took)


@metric("ps_cli")
def ps_cli(bench: Bench) -> None:
    """`ps` as a whole command: each engine's own (Pier's is `pier`, all others' `docker`), and `docker` on every one.

    One container runs; both commands must list it.
    """
    with pets(bench, "ps_cli") as pet:
        own = {}
        for engine in bench.engines:
            with bench.check("ps_cli", engine):
                own[engine.name] = bench.options.pier if engine.is_pier() else bench.options.docker
        for engine in bench.rounds(15, quick=5):
            for row, command in (("ps_cli", own.get(engine.name, "")), ("ps_cli.docker", bench.options.docker)):
                with bench.check(row, engine):
                    took, printed = bench.command(command, "-H", f"unix://{engine.sock}", "ps")
                    expect(pet[engine.name][0][:12].encode() in printed, f"ps does not list it: {printed[:200]!r}")
                    bench.add(row, engine, took)


@metric("parallel_start", "burst_rm")
def parallel(bench: Bench) -> None:
    """30 containers by 8 workers: created and started, then removed by force."""
    count = 30
    for engine in bench.rounds(2):
        with bench.check("parallel_start", engine, "1/s"):
            began = now()
            ids = in_parallel(8, lambda _, engine=engine: engine.run(), range(count))  # type: ignore[misc]
            took = now() - began
            running = {row["Id"] for row in engine.listed()}
            expect(set(ids) <= running, "not all of them are running")
            bench.add("parallel_start", engine, count / took, "1/s")
            with bench.check("burst_rm", engine, "1/s"):
                began = now()
                in_parallel(8, engine.remove, ids)
                took = now() - began
                left = {row["Id"] for row in engine.listed("?all=1")}
                expect(not left & set(ids), "not all of them are gone")
                bench.add("burst_rm", engine, count / took, "1/s")
