"""Containers through whole lives, as many as wanted, some at a time."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from support.engine import Engine
from support.images import BUSYBOX

AT_ONCE = 4


def run_cycles(engine: Engine, count: int) -> None:
    """Creates, starts, ends and removes `count` containers; raises AssertionError for a reply that is not as it should
    be. Every second one is stopped by force, the others end by themselves.
    """
    numbers = itertools.count()
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers)
            if number >= count:
                return
            _live(engine, ends=number % 2 == 0)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for job in [pool.submit(work) for _ in range(AT_ONCE)]:
            job.result()


def _live(engine: Engine, *, ends: bool) -> None:
    command = ["true"] if ends else ["sleep", "1000"]
    made = engine.call("POST", "/containers/create", {"Image": BUSYBOX, "Cmd": command})
    assert made.status == 201, made.body
    container = f"/containers/{made.json()['Id']}"
    _expect(engine, "POST", f"{container}/start", 204)
    if ends:
        _expect(engine, "POST", f"{container}/wait", 200)
    else:
        _expect(engine, "POST", f"{container}/stop?t=0", 204)
    _expect(engine, "DELETE", container, 204)


def _expect(engine: Engine, method: str, target: str, status: int) -> None:
    reply = engine.call(method, target)
    assert reply.status == status, f"{method} {target}: {reply.status} {reply.body!r}"
