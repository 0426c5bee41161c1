"""Published ports: until one answers, across a restart, and what goes through it."""

import statistics

from benchmark.catalogue import metric
from benchmark.marks import MB, expect, now
from benchmark.probes import await_http, fetch, free_port
from benchmark.session import TERM_AWARE, Bench, pets

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
