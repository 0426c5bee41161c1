"""Locks by key."""

import asyncio

import pytest

from pier.engine.images.locks import KeyedLocks


async def test_same_key_waits_and_other_keys_do_not() -> None:
    locks, order = KeyedLocks(), []

    async def work(key: str, name: str) -> None:
        async with locks.hold(key):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(work("k", "one"), work("k", "two"), work("other", "free"))
    assert order.index("one out") < order.index("two in")
    assert order.index("free in") < order.index("one out")


async def test_keys_not_in_use_are_forgotten() -> None:
    locks = KeyedLocks()

    async def fail() -> None:
        async with locks.hold("k"):
            assert len(locks) == 1
            raise ValueError

    with pytest.raises(ValueError):
        await fail()
    assert len(locks) == 0


async def test_cancelled_waiter_leaves_the_lock_usable() -> None:
    locks = KeyedLocks()
    async with locks.hold("k"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), locks.hold("k"):
                pass
    async with locks.hold("k"):
        pass
    assert len(locks) == 0
