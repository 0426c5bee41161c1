"""What a row of probes adds up to, and when they are made."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import Config, Container, ExecConfig, Health, Healthcheck
from pier.engine import health
from pier.engine.containers.attach import Attachment
from pier.engine.health import LOG_LENGTH, _Result, next_health, probe_command

CHECK = Healthcheck(test=("CMD", "x"), retries=2)
GOOD, BAD = _Result(0, "", 1, 2), _Result(1, "no", 1, 2)


def after(*results: _Result, in_start_period: bool = False) -> Health:
    health = Health()
    for result in results:
        health = next_health(health, CHECK, result, in_start_period=in_start_period)
    return health


def test_retries_make_it_unhealthy_and_the_streak_goes_on() -> None:
    assert after(BAD).status == "starting"
    assert (after(BAD, BAD).status, after(BAD, BAD, BAD).failing_streak) == ("unhealthy", 3)


def test_one_success_makes_it_healthy() -> None:
    health = after(BAD, BAD, GOOD)
    assert (health.status, health.failing_streak) == ("healthy", 0)


def test_failures_in_the_start_period_do_not_count() -> None:
    health = after(BAD, BAD, BAD, in_start_period=True)
    assert (health.status, health.failing_streak, len(health.log)) == ("starting", 0, 3)


def test_the_first_success_ends_the_start_period() -> None:
    assert after(BAD, GOOD, BAD, BAD, in_start_period=True).status == "unhealthy"


def test_only_the_last_probes_are_kept() -> None:
    assert len(after(*[GOOD] * (LOG_LENGTH + 3)).log) == LOG_LENGTH


def test_probe_commands() -> None:
    assert probe_command(Config(healthcheck=Healthcheck(test=("CMD", "a", "b")))) == ("a", "b")
    assert probe_command(Config(healthcheck=Healthcheck(test=("CMD-SHELL", "a b")))) == ("/bin/sh", "-c", "a b")
    shell = Config(shell=("/bin/bash", "-c"), healthcheck=Healthcheck(test=("CMD-SHELL", "a")))
    assert probe_command(shell) == ("/bin/bash", "-c", "a")
    assert probe_command(Config(healthcheck=Healthcheck(test=("NONE",)))) == ()
    assert probe_command(Config()) == ()


# -- probes in a container --------------------------------------------------------------------------------------------

FAST = 1_000_000  # ns
PASSES, FAILS = ("CMD", "exit 0"), ("CMD", "exit 1")


def health_of(world: World, ref: str = "web") -> Health:
    health = world.container(ref).state.health
    assert health is not None
    return health


async def has_status(world: World, status: str) -> Container:
    await world.until(lambda: health_of(world).status == status, f"it is {status}")
    return world.container("web")


async def test_a_passing_probe_makes_it_healthy_and_that_is_told_once(world: World) -> None:
    await world.run("web", healthcheck=Healthcheck(test=PASSES, interval=FAST))
    assert health_of(world).status == "starting"
    await has_status(world, "healthy")
    await world.until(lambda: len(health_of(world).log) == LOG_LENGTH)
    assert world.actions().count("health_status: healthy") == 1
    assert {"exec_create: exit 0 ", "exec_start: exit 0 ", "exec_die"} <= set(world.actions())


async def test_failing_probes_make_it_unhealthy_after_the_retries(world: World) -> None:
    await world.run("web", healthcheck=Healthcheck(test=FAILS, interval=FAST, retries=2))
    sick = await has_status(world, "unhealthy")
    assert sick.state.health is not None
    assert sick.state.health.log[0].exit_code == 1
    assert sick.state.health.failing_streak == 2
    assert world.actions().count("health_status: unhealthy") == 1


async def test_in_the_start_period_the_start_interval_counts_and_failures_do_not(world: World) -> None:
    check = Healthcheck(test=FAILS, interval=10**12, start_interval=FAST, start_period=10**12, retries=1)
    await world.run("web", healthcheck=check)
    await world.until(lambda: len(health_of(world).log) >= 3)
    assert (health_of(world).status, health_of(world).failing_streak) == ("starting", 0)


async def test_a_short_interval_does_not_speed_up_a_start_period(world: World) -> None:
    check = Healthcheck(test=PASSES, interval=FAST, start_interval=10**12, start_period=10**12)
    await world.run("web", healthcheck=check)
    await world.turns()
    assert health_of(world).log == ()


async def test_a_probe_that_takes_too_long_is_killed_and_counts_as_failed(world: World) -> None:
    check = Healthcheck(test=("CMD", "hang"), interval=FAST, timeout=20 * FAST, retries=1)
    container_id = await world.run("web", healthcheck=check)
    sick = await has_status(world, "unhealthy")
    assert sick.state.health is not None
    probe = sick.state.health.log[0]
    assert (probe.exit_code, probe.output) == (-1, "Health check exceeded timeout (20ms)")
    assert (container_id, 9) in {
        (where, signal) for where, exec_id, signal in world.containerd.tasks.signals if exec_id
    }


async def test_what_a_killed_probe_has_said_is_shown(world: World) -> None:
    check = Healthcheck(test=("CMD", "hang"), interval=FAST, timeout=100 * FAST, retries=1)
    container_id = await world.run("web", healthcheck=check)
    exec_id = await world.until(lambda: next(iter(world.context.live.execs(container_id)), ""))
    world.stream(container_id, exec_id).emit(b"half done\n")
    await has_status(world, "unhealthy")
    assert health_of(world).log[0].output == "Health check exceeded timeout (100ms): half done\n"


async def test_the_time_that_a_start_takes_is_not_the_probes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    start, slow = world.engine.execs.start, 30 * FAST / 1e9

    async def start_slowly(exec_id: str, *, detach: bool) -> Attachment | None:
        await asyncio.sleep(slow)
        return await start(exec_id, detach=detach)

    monkeypatch.setattr(world.engine.execs, "start", start_slowly)
    await world.run("web", healthcheck=Healthcheck(test=PASSES, interval=FAST, timeout=20 * FAST))
    await has_status(world, "healthy")


async def test_a_start_that_never_ends_is_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start_never(exec_id: str, *, detach: bool) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.engine.execs, "start", start_never)
    monkeypatch.setattr(health, "START_PATIENCE", 0.01)
    container_id = await world.run("web", healthcheck=Healthcheck(test=PASSES, interval=FAST, retries=1))
    await has_status(world, "unhealthy")
    assert health_of(world).log[0].output == f"timed out starting health check for container {container_id}"


async def test_a_probe_that_cannot_be_started_counts_as_failed(world: World) -> None:
    await world.run("web", healthcheck=Healthcheck(test=("CMD", "nosuch"), interval=FAST, retries=1))
    sick = await has_status(world, "unhealthy")
    assert sick.state.health is not None
    assert "executable file not found" in sick.state.health.log[0].output


async def test_the_output_of_a_probe_is_kept_up_to_a_limit(world: World) -> None:
    container_id = await world.run("web", healthcheck=Healthcheck(test=("CMD", "talk"), interval=FAST))
    exec_id = await world.until(lambda: next(iter(world.context.live.execs(container_id)), ""))
    world.stream(container_id, exec_id).emit(b"x" * 5000)
    world.end(container_id, 0, exec_id)
    await has_status(world, "healthy")
    assert health_of(world).log[0].output == "x" * 4096 + "..."


async def test_a_paused_container_is_not_probed(world: World) -> None:
    await world.run("web", healthcheck=Healthcheck(test=PASSES, interval=FAST))
    await has_status(world, "healthy")
    await world.engine.containers.pause("web")
    await world.until(lambda: not world.context.live.execs(world.container("web").id))
    await world.turns()
    before = health_of(world)
    await asyncio.sleep(10 * FAST / 1e9)  # as long as ten probes
    assert health_of(world) == before


async def test_the_next_run_starts_over(world: World) -> None:
    await world.run("web", healthcheck=Healthcheck(test=PASSES, interval=FAST))
    await has_status(world, "healthy")
    await world.engine.containers.stop("web")
    assert health_of(world).status == "unhealthy"
    await world.engine.containers.start("web")
    assert health_of(world) == Health()
    await has_status(world, "healthy")


async def test_no_check_no_health(world: World) -> None:
    await world.run("web", healthcheck=Healthcheck(test=("NONE",)))
    assert world.container("web").state.health is None


async def test_a_probe_that_is_still_being_started_at_its_timeout_is_killed_once_it_runs(world: World) -> None:
    container_id = await world.run(
        "web", healthcheck=Healthcheck(test=("CMD", "hang"), interval=FAST, timeout=20 * FAST)
    )
    world.containerd.state.gates["tasks.start"] = gate = asyncio.Event()
    execs = world.containerd.state.tasks[container_id].execs
    first = await world.until(lambda: next(iter(execs), ""))
    await asyncio.sleep(0.1)
    assert list(execs) == [first]  # no other meanwhile
    gate.set()
    await world.until(lambda: (container_id, first, 9) in world.containerd.tasks.signals)


async def test_a_probe_that_is_never_made_leaves_nothing(world: World) -> None:
    await world.run("web")
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(world.engine.execs.create("web", ExecConfig(cmd=("x",))))
        for _ in range(20):
            await asyncio.sleep(0)
            if world.engine.execs._sessions:
                client.cancel()
                break
    assert client.cancelled()
    assert not world.engine.execs._sessions
