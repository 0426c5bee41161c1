"""A lease ends with its holder, whenever that is cancelled; what containerd makes of leases is in tests/contract."""

import asyncio
from typing import Any

import pytest

from pier.containerd.leases import Leases
from pier.domain.errors import PierError, Unavailable


class Server:
    """Takes its time to create, and does so also when nobody waits for it any more."""

    namespace = "test"

    def __init__(self) -> None:
        self.leases: set[str] = set()
        self.go_on = asyncio.Event()
        self.error: PierError | None = None
        self.calls: list[str] = []

    async def call(self, method: Any, request: Any, **_: Any) -> None:
        verb = method.path.rpartition("/")[2]
        self.calls.append(verb)
        if verb == "Create":
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                asyncio.get_running_loop().call_later(0.01, self.leases.add, request.id)
                raise
            if self.error is not None:
                raise self.error
            self.leases.add(request.id)
        elif verb == "Delete":
            await asyncio.sleep(0.002)
            self.leases.discard(request.id)


async def test_a_holder_that_is_cancelled_while_its_lease_is_made_leaves_none() -> None:
    server = Server()

    async def hold() -> None:
        async with Leases(server).hold("push"):  # type: ignore[arg-type]  # as much of a client as is needed
            pytest.fail("it was cancelled before")

    async with asyncio.TaskGroup() as group:
        holder = group.create_task(hold())
        await asyncio.sleep(0.001)
        assert server.calls == ["Create"]
        holder.cancel()
        await asyncio.sleep(0.001)
        server.go_on.set()
    await asyncio.sleep(0.02)
    assert holder.cancelled()
    assert server.calls == ["Create", "Delete"]
    assert not server.leases


@pytest.mark.parametrize("how", ["hold", "keep"])
async def test_a_lease_ends_also_when_its_holder_is_cancelled_twice(how: str) -> None:
    server = Server()
    server.go_on.set()
    leases = Leases(server)  # type: ignore[arg-type]  # as above

    async def hold() -> None:
        async with leases.hold("save") if how == "hold" else leases.keep("save", ["sha256:1"]):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        holder = group.create_task(hold())
        await asyncio.sleep(0.001)
        assert server.leases
        for _ in range(3):
            holder.cancel()
            await asyncio.sleep(0)
    assert holder.cancelled()
    assert not server.leases


async def test_a_lease_that_cannot_be_made_says_why() -> None:
    server = Server()
    server.error = Unavailable("containerd does not answer")
    server.go_on.set()
    with pytest.raises(Unavailable, match="does not answer"):
        async with Leases(server).hold("push"):  # type: ignore[arg-type]  # as above
            pass
