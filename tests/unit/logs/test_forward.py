import threading

import pytest

from pier.logs import forward
from pier.logs.formats import Record
from pier.logs.forward import Forwarder
from pier.logs.localformat import LocalRecord


def line(number: int) -> LocalRecord:
    return LocalRecord(1, number, b"%d\n" % number)


class Other:
    """The other log: `broken` makes its connection fail, `held` makes it wait."""

    def __init__(self) -> None:
        self.got: list[int] = []
        self.broken = self.closed = 0
        self.held = threading.Event()
        self.held.set()

    def connect(self) -> "Other":
        if self.broken:
            self.broken -= 1
            raise OSError("connection refused")
        return self

    def send(self, record: Record) -> None:
        self.held.wait(10)
        self.got.append(record.time)

    def close(self) -> None:
        self.closed += 1


def test_everything_is_handed_on_in_order_also_at_the_end() -> None:
    other = Other()
    forwarder = Forwarder("other", other.connect)
    forwarder.put([line(1), line(2)])
    forwarder.put([line(3)])
    forwarder.close()
    forwarder.join()
    assert (other.got, other.closed) == ([1, 2, 3], 1)


def test_a_connection_that_breaks_is_made_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forward, "RETRY", 0.01)
    other = Other()
    other.broken = 3
    forwarder = Forwarder("other", other.connect)
    forwarder.put([line(1)])
    forwarder.close()
    forwarder.join()
    assert other.got == [1]
    assert caplog.text.count("trying again: connection refused") == 1


def test_who_is_too_slow_misses_lines_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forward, "BOUND", 10)
    other = Other()
    other.held.clear()
    forwarder = Forwarder("other", other.connect)
    forwarder.put([line(n) for n in range(9)])  # two bytes each
    other.held.set()
    forwarder.close()
    forwarder.join()
    assert other.got == [0, 1, 2, 3, 4]
    assert "4 lines were not handed on to other" in caplog.text


def test_the_end_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(forward, "RETRY", 0.01)
    monkeypatch.setattr(forward, "FLUSH", 0.05)
    other = Other()
    other.broken = 10**9
    forwarder = Forwarder("other", other.connect)
    forwarder.put([line(1)])
    forwarder.close()
    forwarder.join()
    assert "1 lines were not handed on" in caplog.text
