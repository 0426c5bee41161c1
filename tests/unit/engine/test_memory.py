"""Names lead where they should, and nothing shows before it is recorded."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pier.domain.container import Config, Container, HostConfig, Link, State, Status
from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.event import Event
from pier.domain.network import Network
from pier.domain.record import Change, Drop, Put, Stored
from pier.engine.bus import Bus
from pier.engine.clock import Clock
from pier.engine.memory import Memory
from pier.store.records import Records


class Held:
    """Records whose commit waits until it is let go."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def commit(
        self, changes: Sequence[Change], *, durable: bool = False, on_written: Callable[[], None] | None = None
    ) -> None:
        await self.go_on.wait()
        if on_written is not None:
            on_written()

    async def load(self) -> Stored:
        return Stored()

    async def events(self, since: int, until: int) -> list[Event]:
        return []


def a_container(container_id: str, name: str) -> Container:
    return Container(
        id=container_id, name=name, created_at=0, image_ref="x", image_id="x", config=Config(), host_config=HostConfig()
    )


WEB = a_container("ab" + "0" * 62, "web")
ODD = a_container("ac" + "1" * 62, "ab")  # named like the beginning of WEB's id


@pytest.fixture
def records() -> Held:
    return Held()


@pytest.fixture
def memory(records: Held) -> Memory:
    made = Memory(records, Bus(records), Clock())
    made.adopt(Stored(containers=(WEB, ODD), networks=(Network(id="n1", name="bridge", driver="bridge"),)))
    return made


@pytest.mark.parametrize(
    ("ref", "expected"), [(WEB.id, WEB), ("web", WEB), ("/web", WEB), ("ab0", WEB), ("ab", ODD), ("ac", ODD)]
)
def test_lookup_by_id_then_name_then_prefix(memory: Memory, ref: str, expected: Container) -> None:
    assert memory.container(ref) is expected


def test_a_beginning_of_several_networks_ids_says_of_how_many(memory: Memory) -> None:
    memory.networks.update({text: Network(id=text, name=text, driver="bridge") for text in ("ab1", "ab2", "cd3")})
    assert memory.network("c").id == "cd3"
    with pytest.raises(InvalidArgument, match=r"network ab is ambiguous \(2 matches found based on ID prefix\)"):
        memory.network("ab")


def test_what_is_not_there_and_what_is_ambiguous(memory: Memory) -> None:
    with pytest.raises(NotFound, match="No such container: zz"):
        memory.container("zz")
    with pytest.raises(InvalidArgument, match="multiple IDs"):
        memory.container("a")
    with pytest.raises(NotFound, match="network x not found"):
        memory.network("x")
    with pytest.raises(NotFound, match="get x: no such volume"):
        memory.volume("x")


async def test_a_change_shows_only_after_its_commit(memory: Memory, records: Held) -> None:
    records.go_on.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(memory.commit(Put(replace(WEB, name="new"))))
        await asyncio.sleep(0)
        assert memory.container("web") is WEB
        records.go_on.set()
    assert memory.container("new").id == WEB.id


async def test_rename_and_removal_free_the_old_name(memory: Memory) -> None:
    renamed = replace(WEB, name="new")
    await memory.commit(Put(renamed))
    assert memory.holder_of_name("web") is None
    await memory.commit(Drop(renamed))
    assert memory.holder_of_name("new") is None
    assert WEB.id not in memory.containers


async def test_those_that_run_and_those_that_link_are_known_apart() -> None:
    memory = Memory(Held(), Bus(Held()), Clock())
    one = a_container("1", "one")
    for status in Status:
        changed = replace(one, state=State(status=status))
        await memory.commit(Put(changed))
        assert list(memory.running.values()) == ([changed] if changed.state.is_running else [])
    assert not memory.linking
    linked = replace(one, links=(Link(container_id="2", alias="db"),), state=State(status=Status.RUNNING))
    await memory.commit(Put(linked))
    assert list(memory.linking.values()) == list(memory.running.values()) == [linked]
    await memory.commit(Put(replace(linked, links=())))
    assert not memory.linking
    await memory.commit(Put(linked), Drop(linked))
    assert not memory.linking
    assert not memory.running
    assert not memory.containers


async def test_what_is_recorded_shows_also_when_its_caller_has_left(tmp_path: Path) -> None:
    records = await Records.open(tmp_path / "pier.db")
    memory = Memory(records, Bus(records), Clock())
    async with asyncio.TaskGroup() as group:
        job = group.create_task(memory.commit(Put(WEB)))
        await asyncio.sleep(0)
        job.cancel()
    assert (await records.load()).containers == (WEB,)
    assert memory.container("web") is WEB
    await records.close()
