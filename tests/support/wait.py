"""Waiting for something to become true, with a deadline: no test sleeps for a fixed time."""

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# How many times longer than usual to wait: PIER_TEST_PATIENCE=10 for a machine whose processor is emulated.
PATIENCE = float(os.environ.get("PIER_TEST_PATIENCE") or 1)

_nap = threading.Event()


def wait_for(probe: Callable[[], T], *, what: str, timeout: float = 20.0, interval: float = 0.05) -> T:
    """Calls `probe` until its answer is true and returns it; raises AssertionError naming `what` after `timeout` s."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}; last answer {answer!r}")
        _nap.wait(interval)
