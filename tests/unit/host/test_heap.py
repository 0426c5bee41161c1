import gc
import re
import weakref
from pathlib import Path

from pier.host.heap import bound_heaps, settle_heap, trim_heaps


class Piece:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.itself: Piece | None = None


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


def test_circles_are_collected_with_the_bytes_they_hold() -> None:
    piece = Piece(bytes(100))
    piece.itself = piece
    gone = weakref.ref(piece)
    gc.collect(1)  # old by now: the collector by itself would look at it much later
    del piece
    trim_heaps()
    assert gone() is None


def test_the_collector_leaves_alone_what_was_there_when_the_heap_settled() -> None:
    settle_heap()
    try:
        assert gc.get_freeze_count() > 1_000
        assert not any(found is weakref for found in gc.get_objects())
    finally:
        gc.unfreeze()
