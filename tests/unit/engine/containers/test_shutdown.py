"""Everything down in good order, and up again with the next pierd where a policy wants it."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import HostConfig, RestartPolicy, Status
from pier.domain.errors import Unavailable
from pier.engine.containers import shutdown

ALWAYS = HostConfig(restart_policy=RestartPolicy(name="always"))
UNLESS_STOPPED = HostConfig(restart_policy=RestartPolicy(name="unless-stopped"))


async def test_all_are_stopped_by_their_signals_and_stay_down(world: World) -> None:
    kept = await world.run("kept", host=ALWAYS)
    plain = await world.run("plain")

    stopped, failures = await world.engine.shutdown.stop_all()

    assert (sorted(stopped), failures) == (sorted([kept, plain]), {})
    assert {signal for _, _, signal in world.containerd.tasks.signals} == {15}
    assert [world.container(name).state.status for name in ("kept", "plain")] == [Status.EXITED] * 2
    assert not world.container("kept").state.stopped_by_user
    with pytest.raises(Unavailable, match="start pierd anew"):
        await world.engine.containers.start("plain")


async def test_the_next_pierd_brings_up_what_policies_keep_up(world: World) -> None:
    await world.run("kept", host=UNLESS_STOPPED)
    await world.run("stopped", host=UNLESS_STOPPED)
    await world.run("plain")
    await world.engine.containers.stop("stopped")
    await world.engine.shutdown.stop_all()
    await world.restart()
    await world.until(lambda: world.container("kept").state.status is Status.RUNNING)
    await world.turns()
    assert [world.container(name).state.status for name in ("kept", "stopped", "plain")] == [
        Status.RUNNING,
        Status.EXITED,
        Status.EXITED,
    ]


async def test_who_shares_anothers_network_goes_first(world: World) -> None:
    first = await world.run("first")
    second = await world.run("second", host=HostConfig(network_mode=f"container:{first}"))
    stopped, _ = await world.engine.shutdown.stop_all()
    assert stopped == [second, first]


async def test_one_that_cannot_be_stopped_does_not_keep_the_others(world: World) -> None:
    await world.run("one")
    other = await world.run("other")
    world.containerd.state.failures["tasks.kill"] = Unavailable("away")
    stopped, failures = await world.engine.shutdown.stop_all()
    assert len(stopped) == len(failures) == 1
    assert list(failures.values()) == ["away"]
    assert other in {*stopped, *failures}


async def test_it_ends_after_the_shutdown_timeout(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "GRACE", 0)
    world.settings = {"shutdown_timeout": 0}
    await world.restart()
    stuck = await world.run("stuck", stop_timeout=0)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.containerd.tasks, "kill", never)
    stopped, failures = await world.engine.shutdown.stop_all()
    assert (stopped, failures) == ([], {stuck: "not down within 0 s"})


async def test_a_container_may_take_its_own_time(world: World) -> None:
    world.settings = {"shutdown_timeout": 3}
    await world.restart()
    await world.run("slow", stop_timeout=60)
    assert world.engine.shutdown._patience() == 65
    await world.run("endless", stop_timeout=-1)
    assert world.engine.shutdown._patience() is None
