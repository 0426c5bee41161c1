"""Real processes, held by a keeper in memory: what a pierd that comes later learns of them."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator

import pytest
from fakes.port_keeper import FakePortKeeper
from support.exits import kernel_tells

from pier.domain.runtime import InitEnd
from pier.host import inits as inits_module
from pier.host import pidfd
from pier.host.inits import Inits

ID = "c" * 64
told = pytest.mark.skipif(not kernel_tells(), reason="this kernel is older than Linux 6.15")


class FakeKeeper(FakePortKeeper):
    async def names(self) -> list[str]:
        return sorted(self.kept)


@pytest.fixture
def keeper() -> Iterator[FakeKeeper]:
    keeper = FakeKeeper()
    yield keeper
    keeper.close()


Process = subprocess.Popen[bytes]


@pytest.fixture
def process() -> Iterator[Process]:
    """A process that runs until `end` and then exits with 23."""
    with subprocess.Popen(["sh", "-c", "read word; exit 23"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def end(process: Process, *, reap: bool = True) -> None:
    assert process.stdin is not None
    process.stdin.close()
    if reap:
        process.wait()
    else:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


@told
async def test_the_end_of_a_process_that_was_held_is_known_with_its_time(keeper: FakeKeeper, process: Process) -> None:
    inits = Inits(keeper)
    await inits.hold(ID, process.pid)
    assert await inits.end_of(ID, process.pid) is None  # it runs
    before = time.time_ns()
    end(process)
    await asyncio.sleep(0.01)  # the loop sees it
    found = await inits.end_of(ID, process.pid)
    assert found is not None
    assert found.status == 23
    assert before <= found.ended_at <= time.time_ns()
    await inits.close()


@told
async def test_the_keeper_tells_the_next_pierd(keeper: FakeKeeper, process: Process) -> None:
    first = Inits(keeper)
    await first.hold(ID, process.pid)
    await first.close()
    end(process)

    second = Inits(keeper)
    assert await second.list_ids() == [ID]
    assert await second.end_of(ID, process.pid) == InitEnd(status=23, ended_at=0)
    await second.release(ID)
    assert await second.list_ids() == []
    assert await second.end_of(ID, process.pid) is None


@told
async def test_what_an_earlier_pierd_held_is_taken_up(keeper: FakeKeeper, process: Process) -> None:
    first = Inits(keeper)
    await first.hold(ID, process.pid)
    await first.close()

    second = Inits(keeper)
    await second.take_up(ID, process.pid)
    await second.take_up(ID, process.pid)  # at each new connection to containerd
    keeper.close()  # it died; this pierd has its own
    end(process)
    await asyncio.sleep(0.01)
    found = await second.end_of(ID, process.pid)
    assert found is not None
    assert (found.status, found.ended_at > 0) == (23, True)
    await second.close()


@told
async def test_a_process_that_nobody_held_is_held_from_now_on(keeper: FakeKeeper, process: Process) -> None:
    inits = Inits(keeper)
    await inits.take_up(ID, process.pid)
    assert await inits.list_ids() == [ID]
    end(process)
    found = await inits.end_of(ID, process.pid)
    assert found is not None
    assert found.status == 23
    await inits.close()


@told
async def test_the_next_run_of_a_container_takes_the_place_of_the_one_before(
    keeper: FakeKeeper, process: Process
) -> None:
    inits = Inits(keeper)
    await inits.hold(ID, os.getpid())
    await inits.hold(ID, process.pid)
    end(process)
    assert await inits.end_of(ID, os.getpid()) is None
    found = await inits.end_of(ID, process.pid)
    assert found is not None
    assert found.status == 23
    await inits.close()


async def test_a_process_that_nobody_reaps_is_not_waited_for_for_long(
    keeper: FakeKeeper, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inits_module, "_REAPING", 0.1)
    inits = Inits(keeper)
    await inits.hold(ID, process.pid)
    end(process, reap=False)
    assert await inits.end_of(ID, process.pid) is None
    await inits.close()


async def test_a_kernel_that_does_not_tell_leaves_the_end_unknown(
    keeper: FakeKeeper, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(descriptor: int) -> int | None:
        raise pidfd.NoExitInformation

    monkeypatch.setattr(inits_module, "exit_status", silent)
    inits = Inits(keeper)
    await inits.hold(ID, process.pid)
    end(process)
    assert await inits.end_of(ID, process.pid) is None
    await inits.close()


async def test_a_process_that_is_gone_already_is_not_held(keeper: FakeKeeper, process: Process) -> None:
    end(process)
    inits = Inits(keeper)
    await inits.hold(ID, process.pid)
    assert await inits.list_ids() == []


async def test_nothing_stays_open(keeper: FakeKeeper, process: Process) -> None:
    before = set(os.listdir("/proc/self/fd"))
    inits = Inits(keeper)
    await inits.hold(ID, process.pid)
    await inits.hold(ID, process.pid)
    end(process)
    await inits.end_of(ID, process.pid)
    await inits.release(ID)
    await inits.close()
    assert set(os.listdir("/proc/self/fd")) <= before
