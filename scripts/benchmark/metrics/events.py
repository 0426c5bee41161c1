"""How soon an engine says that a container has died."""

import os
import re
import signal

from benchmark.catalogue import metric
from benchmark.client import Conn
from benchmark.framing import filters
from benchmark.marks import expect, now
from benchmark.session import Bench

DIED = re.compile(rb'"Action":"(die|died)"')


@metric("events_latency")
def events_latency(bench: Bench) -> None:
    """From SIGKILL of the container's init to the line of its die event."""
    for engine in bench.rounds(8):
        with bench.check("events_latency", engine):
            cid = engine.run()
            conn, data = Conn(engine.sock, 20), b""
            try:
                conn.send("GET", f"/events?filters={filters(container=[cid])}")
                while b"\r\n\r\n" not in data:  # subscribed: the engine sends the head once it listens
                    data += received(conn)
                pid = int(engine.inspect(cid)["State"]["Pid"])
                expect(pid > 1, f"init has pid {pid}")
                os.kill(pid, signal.SIGKILL)
                began = now()
                while not DIED.search(data):
                    data += received(conn)
                took = (now() - began) * 1000
            finally:
                conn.close()
            bench.add("events_latency", engine, took)
            engine.remove(cid)


def received(conn: Conn) -> bytes:
    """What came next; CheckFailed at the end of the stream."""
    got = conn.sock.recv(65536)
    expect(got, "the events stream ended")
    return got
