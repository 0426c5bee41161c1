"""Stamps never repeat."""

import time

from pier.engine.clock import Clock


def test_stamps_rise_strictly_and_follow_the_last_one_known() -> None:
    future = time.time_ns() + 10**12
    clock = Clock(last=future)
    stamps = [clock.now() for _ in range(1000)]
    assert stamps[0] == future + 1
    assert stamps == sorted(set(stamps))
