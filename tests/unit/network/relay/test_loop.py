"""The relay's loop: who is called, and when."""

import os
import socket
import time
from collections.abc import Iterator

import pytest

from pier.network.relay.loop import READ, WRITE, Loop


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_each_side_is_told_apart_and_told_again(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    loop, calls = Loop(), list[str]()
    loop.watch(one.fileno(), READ, lambda: calls.append("read"))
    loop.turn(0)
    assert calls == []
    other.send(b"x")
    loop.turn(0)
    loop.turn(0)
    assert calls == ["read", "read"]
    loop.watch(one.fileno(), WRITE, lambda: calls.append("write"))
    loop.watch(one.fileno(), READ, None)
    loop.turn(0)
    assert calls == ["read", "read", "write"]
    loop.watch(one.fileno(), WRITE, None)
    loop.turn(0)
    assert (len(calls), loop.watched) == (3, {})


def test_who_was_replaced_is_not_called(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    loop, calls = Loop(), list[str]()
    loop.watch(one.fileno(), READ, lambda: calls.append("old"))
    loop.watch(one.fileno(), READ, lambda: calls.append("new"))
    other.send(b"x")
    loop.turn(0)
    assert calls == ["new"]


def test_an_end_is_told_to_who_waits_for_either_side(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    loop, calls = Loop(), list[str]()
    loop.watch(one.fileno(), READ, lambda: calls.append("read"))
    other.close()
    loop.turn(0)
    assert calls == ["read"]


def test_what_was_reported_of_a_closed_descriptor_is_not_told_to_the_next_of_its_number() -> None:
    loop, calls = Loop(), list[str]()
    pairs = [socket.socketpair() for _ in range(2)]
    late: list[socket.socket] = []

    def closes_the_other(mine: int) -> None:
        calls.append("first")
        victim = pairs[1 - mine][0]
        number = victim.fileno()
        loop.close(victim)
        fresh, peer = socket.socketpair()
        late.extend((fresh, peer))
        os.dup2(fresh.fileno(), number)
        loop.watch(number, READ, lambda: calls.append("stranger"))

    for mine in range(2):
        pairs[mine][1].send(b"x")
        loop.watch(pairs[mine][0].fileno(), READ, lambda mine=mine: closes_the_other(mine))  # type: ignore[misc]  # binds it now
    loop.turn(0)
    assert calls == ["first"]
    for sock in (*late, *(one for both in pairs for one in both)):
        sock.close()


def test_times_come_in_order_and_bound_the_wait() -> None:
    loop, calls = Loop(), list[str]()
    loop.later(0.03, lambda: calls.append("second"))
    loop.later(0.01, lambda: calls.append("first"))
    began = time.monotonic()
    while len(calls) < 2:
        loop.turn(5)
    assert calls == ["first", "second"]
    assert time.monotonic() - began < 5
