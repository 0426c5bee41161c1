"""Published ports: until one answers, across a restart, and what goes through it; and the names of containers."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmark.catalogue import metric
from benchmark.engine import SLEEP
from benchmark.marks import LABEL, MB, TOKEN, expect, now
from benchmark.probes import await_http, fetch, free_port
from benchmark.session import TERM_AWARE, Bench, pets

QUESTIONS = 20_000  # a second
BIG = 200 * 1_048_576  # bytes of the file that is fetched through a port


@metric("net_run")
def net_run(bench: Bench) -> None:
    """Create and start with a published port until httpd answers through it; and the forced removal of that."""
    for engine in bench.rounds(8):
        with bench.check("net_run", engine):
            port, began = free_port(), now()
            cid = engine.run(["httpd", "-f", "-h", "/"], port)
            started = now()
            await_http(port)
            answered = now()
            engine.remove(cid)
            gone = now()
            bench.add("net_run", engine, (answered - began) * 1000)
            bench.add("net_run.after_start", engine, (answered - started) * 1000)
            bench.add("net_run.rm_force", engine, (gone - answered) * 1000)


@metric("restart_gap")
def restart_gap(bench: Bench) -> None:
    """From the restart request to the first answer on the published port."""
    command = ["sh", "-c", TERM_AWARE.format("httpd -h /; ")]
    with pets(bench, "restart_gap", command, publish=True) as pet:
        for engine in bench.rounds(5):
            with bench.check("restart_gap", engine):
                cid, port = pet[engine.name]
                await_http(port)
                began = now()
                engine.call("POST", f"/containers/{cid}/restart?t=10")
                await_http(port)
                bench.add("restart_gap", engine, (now() - began) * 1000)


@metric("port_throughput", "port_latency")
def ports(bench: Bench) -> None:
    """200 MiB, and small pages, through a published port over loopback."""
    script = "dd if=/dev/zero of=/big bs=1M count=200 2>/dev/null; exec httpd -f -h /"
    with pets(bench, "port_throughput", ["sh", "-c", script], publish=True) as pet:
        for engine in bench.rounds(5):
            with bench.check("port_throughput", engine, "MB/s"):
                port = pet[engine.name][1]
                await_http(port)
                began = now()
                size = fetch(port, "/big")
                took = now() - began
                expect(size > BIG, f"{size} bytes came through")
                bench.add("port_throughput", engine, size / MB / took, "MB/s")
                with bench.check("port_latency", engine):
                    bench.add("port_latency", engine, statistics.median(page_ms(port) for _ in range(50)))


def page_ms(port: int) -> float:
    """Milliseconds of one small page."""
    began = now()
    fetch(port)
    return (now() - began) * 1000


@metric("dns")
def dns(bench: Bench) -> None:
    """Questions for another container's name: as many as are answered, and how long each takes at 20,000 a second."""
    for engine in bench.engines:
        with bench.check("dns.rate", engine, "1/s"):
            name = f"{TOKEN}-dns"
            network = str(engine.call("POST", "/networks/create", {"Name": name, "Labels": LABEL}).json()["Id"])
            asked, asking = (engine.run(SLEEP, host={"NetworkMode": name}) for _ in range(2))
            address = engine.inspect(asked)["NetworkSettings"]["Networks"][name]["IPAddress"]
            pid = int(engine.inspect(asking)["State"]["Pid"])
            for _ in range(1 if bench.options.quick else 3):
                found = ask(pid, asked[:12], address, 0)
                bench.add("dns.rate", engine, found["answered"] / found["seconds"], "1/s")
                found = ask(pid, asked[:12], address, QUESTIONS)
                bench.add("dns.p50", engine, found["p50"])
                bench.add("dns.p99", engine, found["p99"])
                bench.add("dns.unanswered", engine, 100 * (1 - found["answered"] / found["asked"]), "%")
            for cid in (asked, asking):
                engine.remove(cid)
            engine.call("DELETE", f"/networks/{network}")


def ask(pid: int, name: str, address: str, rate: float) -> Any:
    """What `questions` says, from inside the network namespace of a process; every answer must be right."""
    program = [sys.executable, "-m", "benchmark.questions", name, address, str(rate), "2"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        ["nsenter", "--target", str(pid), "--net", *program], env=environment, capture_output=True, timeout=60
    )
    expect(done.returncode == 0, f"cannot ask: {done.stderr[-200:]!r}")
    found = json.loads(done.stdout)
    expect(found["answered"] and not found["wrong"], f"of {found['answered']} answers {found['wrong']} are wrong")
    return found
