import subprocess
import threading
from collections.abc import Callable

from benchmark.metrics import events
from benchmark.session import Bench
from fakes.http_engine import Request, Route
from fakes.small_engine import SmallEngine

HEAD = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n"


def with_process(fake: SmallEngine, last_words: bytes) -> None:
    """Its containers are a real process; when that ends, these are the words on the events stream."""
    process = subprocess.Popen(["sleep", "60"])

    def serve(_: Request, conn: object) -> None:
        conn.sendall(HEAD)  # type: ignore[attr-defined]
        process.wait(30)
        conn.sendall(last_words)  # type: ignore[attr-defined]

    inner = fake._containers_get

    def get(request: Request, words: list[str]) -> Route | None:
        found = inner(request, words)
        if isinstance(found, tuple) and words[-1] == "json" and len(words) == 2:
            found[1]["State"]["Pid"] = process.pid
        return found

    fake.routes["GET", "/events"] = serve
    fake._containers_get = get  # type: ignore[method-assign]
    threading.Thread(target=process.wait, daemon=True).start()


def test_from_the_kill_to_the_event(new_bench: Callable[..., Bench], fakes: list[SmallEngine]) -> None:
    with_process(fakes[0], b'{"Type":"container","Action":"die"}\n')
    with_process(fakes[1], b'{"Type":"container","Action":"exec_die"}\n')  # and the stream ends
    bench = new_bench("events_latency")
    events.events_latency(bench)
    assert set(bench.rows["events_latency"].values) == {"a"}
    assert bench.rows["events_latency"].failures == {"b": ["the events stream ended"]}
    assert not fakes[0].containers
