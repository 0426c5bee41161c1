import re
from pathlib import Path

from pier.host.heap import bound_heaps, trim_heaps


def resident() -> int:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[0])


def test_heaps_can_be_bounded() -> None:
    assert bound_heaps()


def test_holes_are_given_back() -> None:
    pieces = [bytes([number % 256]) * 60_000 for number in range(4_000)]  # too small to be mapped each by itself
    kept = pieces[::40]
    full = resident()
    del pieces
    trim_heaps()
    assert resident() < full - 100_000
    assert all(len(piece) == 60_000 for piece in kept)
