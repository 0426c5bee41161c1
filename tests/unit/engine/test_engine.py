"""The engine as a whole: how it starts, and the events of whole lives in order."""

import asyncio
from pathlib import Path

import pytest
from fakes.world import World

from pier.config import Config
from pier.domain.container import ExecConfig, HostConfig
from pier.domain.event import Event
from pier.engine.containers.attach import AttachOptions


async def test_run_and_remove_at_its_end(world: World) -> None:
    """What `docker run --rm` does, in the order in which clients wait for it."""
    containers = world.engine.containers
    container_id = await world.create("web", "sh", "-c", "exit 3", host=HostConfig(auto_remove=True))
    attachment = await containers.attach("web", AttachOptions(stdout=True, stream=True))
    removed = await containers.wait("web", "removed")
    await containers.start("web")
    async with asyncio.timeout(5):
        assert [chunk async for chunk in attachment] == []
        assert await removed.result() == (3, "")
    assert world.actions() == [
        "create", "attach", "network connect", "start", "network disconnect", "die", "destroy",
    ]  # fmt: skip
    assert {event.actor_id for event in world.events if event.type == "container"} == {container_id}


async def test_with_an_anonymous_volume(world: World) -> None:
    await world.run("web", "sh", "-c", "exit 0", host=HostConfig(auto_remove=True), volumes=("/v",))
    await world.until(lambda: world.actions()[-1] == "destroy")
    assert world.actions() == [
        "volume create", "create", "volume mount", "network connect", "start",
        "network disconnect", "volume unmount", "die", "volume destroy", "destroy",
    ]  # fmt: skip


async def test_events_reach_who_listens_in_order_and_their_times_rise(world: World) -> None:
    heard: list[Event] = []

    async def listen() -> None:
        async for event in world.engine.events.subscribe():
            heard.append(event)
            if event.action == "destroy":
                return

    async with asyncio.timeout(5), asyncio.TaskGroup() as clients:
        clients.create_task(listen())
        await world.turns()
        await world.run("web")
        exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("sh", "-c", "exit 0")))
        await world.engine.execs.start(exec_id, detach=True)
        await world.until(lambda: "exec_die" in world.actions())
        await world.engine.containers.remove("web", force=True)
    assert heard == world.events
    assert [event.time for event in heard] == sorted({event.time for event in heard})


async def test_running_containers_keep_addresses_and_ports_over_a_restart(world: World) -> None:
    await world.run("web")
    address = world.container("web").endpoints["bridge"].ipv4_address
    await world.restart()
    other = await world.run("other")
    assert world.container(other).endpoints["bridge"].ipv4_address != address


async def test_event_times_go_on_rising_after_a_restart(world: World) -> None:
    await world.create("one")
    await world.restart()
    await world.create("two")
    times = [event.time for event in world.events]
    assert times == sorted(set(times))


async def test_it_starts_while_containerd_is_away(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.containerd.stop()
    try:
        await world.boot()
        assert not world.engine.supervisor.reconciled.is_set()
        assert (await world.engine.system.info()).containers == 0
        world.containerd.start()
        await world.until(world.engine.supervisor.reconciled.is_set)
        await world.load()
        await world.run("web")
    finally:
        await world.shut_down()


async def test_a_stop_of_pierd_leaves_containers_alone_and_finishes_what_is_under_way(world: World) -> None:
    running = await world.run("run")
    await world.create("web")
    world.containerd.state.gates["tasks.start"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.start("web"))
        await world.until(lambda: len(world.calls("tasks.start")) == 2)
        stop = clients.create_task(world.engine.stop())
        await world.turns()
        assert not stop.done()
        gate.set()
    assert set(world.containerd.state.tasks) == {running, world.container("web").id}
    assert not world.records.intents
    assert "stop" in world.networks.calls


async def test_packet_rules_are_looked_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.engine.engine.RULES_PERIOD", 0.001)
    world = World(tmp_path)
    try:
        await world.boot()
        await world.until(lambda: world.networks.calls.count("refresh") > 1)
    finally:
        await world.shut_down()


async def test_a_reload_says_what_is_in_force_now(world: World) -> None:
    await world.engine.reconfigure(Config(labels=("a=b",), max_concurrent_uploads=2, shutdown_timeout=9))
    (event,) = [event for event in world.events if (event.type, event.action) == ("daemon", "reload")]
    wanted = {
        "default-ipc-mode": "private",
        "default-shm-size": "67108864",
        "labels": '["a=b"]',
        "max-concurrent-downloads": "3",
        "max-concurrent-uploads": "2",
        "max-download-attempts": "5",
        "shutdown-timeout": "9",
    }
    assert {key: event.attributes[key] for key in wanted} == wanted
