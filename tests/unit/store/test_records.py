"""The records survive what they promise to survive."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pier.domain.container import Config, Container, Healthcheck, HostConfig, State, Status
from pier.domain.errors import PierError, Unavailable
from pier.domain.event import Event
from pier.domain.network import Endpoint, Network, PublishedPort
from pier.domain.record import Drop, Intent, Publish, Put
from pier.domain.volume import Volume
from pier.store import records as store
from pier.store.migrations import MIGRATIONS
from pier.store.records import Records


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    opened = await Records.open(tmp_path / "pier.db")
    yield opened
    await opened.close()


def a_container(number: int = 1) -> Container:
    return Container(
        id=f"{number:064x}",
        name=f"web{number}",
        created_at=5,
        image_ref="busybox",
        image_id="sha256:" + "0" * 64,
        config=Config(cmd=("sh", "-c", "true"), labels={"a": "b"}, healthcheck=Healthcheck(test=("CMD", "true"))),
        host_config=HostConfig(auto_remove=True),
        state=State(status=Status.RUNNING, pid=7),
        endpoints={
            "bridge": Endpoint(
                network_id="n",
                network_name="bridge",
                published=(PublishedPort(port=80, protocol="tcp", host_ip="0.0.0.0", host_port=8080),),
            )
        },
    )


async def test_what_was_put_is_loaded_equal(records: Records, tmp_path: Path) -> None:
    values = (
        a_container(),
        Network(id="n", name="bridge", driver="bridge"),
        Volume(name="data"),
        Intent(id="i", kind="start", subject="c"),
    )
    await records.commit([Put(value) for value in values])
    await records.close()
    again = await Records.open(tmp_path / "pier.db")
    stored = await again.load()
    await again.close()
    assert (*stored.containers, *stored.networks, *stored.volumes, *stored.intents) == values


async def test_put_replaces_and_drop_forgets(records: Records) -> None:
    container = a_container()
    await records.commit([Put(container)])
    await records.commit([Put(replace(container, name="other"))], durable=True)
    assert [c.name for c in (await records.load()).containers] == ["other"]
    await records.commit([Drop(container), Drop(container)])
    assert (await records.load()).containers == ()


async def test_times_that_no_integer_of_sqlite_holds_are_times_too(records: Records) -> None:
    event = Event(type="container", action="start", actor_id="x", time=5)
    await records.commit([Publish(event)])
    assert await records.events(0, 10**40) == [event]
    assert await records.events(10**40, 10**40) == []
    assert await records.events(-(10**40), -1) == []


async def test_what_cannot_be_written_fails_alone_and_what_follows_is_written(records: Records) -> None:
    good, bad, worse = Volume(name="good"), Volume(name="bad", labels={"a": "\udc80"}), Volume(name="n" * 3 + "\udc80")
    outcomes = await asyncio.wait_for(
        asyncio.gather(*(records.commit([Put(v)]) for v in (bad, good, worse)), return_exceptions=True), 5
    )
    assert [isinstance(o, PierError) for o in outcomes] == [True, False, True]
    assert (await asyncio.wait_for(records.load(), 5)).volumes == (good,)


async def test_events_are_kept_up_to_a_number_and_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "EVENTS_KEPT", 3)
    monkeypatch.setattr(store, "EVENTS_SIZE", 4_000)
    small = [Event(type="container", action="start", actor_id="x", time=n) for n in range(1, 6)]
    large = [replace(event, time=event.time + 10, attributes={"label": "x" * 1_500}) for event in small]
    for event in small:  # by a pierd that never lives long
        records = await Records.open(tmp_path / "pier.db")
        await records.commit([Publish(event)])
        await records.close()
    records = await Records.open(tmp_path / "pier.db")
    assert await records.events(0, 100) == small[2:]
    for event in large:
        await records.commit([Publish(event)])
    assert await records.events(0, 100) == large[3:]
    await records.close()


async def test_events_come_back_by_time_in_order(records: Records) -> None:
    events = [Event(type="container", action=str(n), actor_id="x", time=n) for n in (1, 2, 2, 3)]
    await records.commit([Publish(event) for event in events])
    assert await records.events(2, 3) == events[1:]
    assert (await records.load()).last_event_time == 3


async def test_concurrent_commits_all_happen(records: Records) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(records.commit([Put(a_container(number + 1))], durable=number % 7 == 0))
    assert len((await records.load()).containers) == 200


async def test_a_commit_whose_caller_is_cancelled_still_happens(records: Records) -> None:
    async with asyncio.TaskGroup() as group:
        job = group.create_task(records.commit([Put(a_container())]))
        await asyncio.sleep(0)
        job.cancel()
    assert len((await records.load()).containers) == 1


async def test_after_close_a_commit_is_refused(records: Records) -> None:
    await records.close()
    with pytest.raises(Unavailable):
        await records.commit([Put(a_container())])


async def test_a_newer_schema_is_refused_with_what_to_do(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "pier.db")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(PierError, match="newer pierd"):
        await Records.open(tmp_path / "pier.db")


WRITER = """
import asyncio, sys
from pathlib import Path
from pier.domain.record import Intent, Put
from pier.store.records import Records
async def main():
    records = await Records.open(Path(sys.argv[1]))
    for n in range(10**6):
        await records.commit([Put(Intent(id=name, kind="k", subject="s")) for name in (str(n), f"{n}b")])
        print(n, flush=True)
asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "pier.db"
    for _ in range(3):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert writer.stdout is not None
        seen = [writer.stdout.readline() for _ in range(100)][-1]
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        last = int(rest[-1] if rest else seen)
        records = await Records.open(path)
        ids = {intent.id for intent in (await records.load()).intents}
        await records.close()
        assert all({str(n), f"{n}b"} <= ids for n in range(last + 1))
        assert len(ids) % 2 == 0, "half a transaction was found"
