"""Health checks."""

from collections.abc import Callable
from typing import Any

import pytest
from support.engine import Engine
from support.events import events_since
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]

MS = 1_000_000
HOUR = 3600 * 1000 * MS


def checked(engine: Engine, image: str, name: str, command: str, **check: int) -> None:
    """A running container whose probe is `command`."""
    health = {"Test": ["CMD-SHELL", command], **check}
    body = {"Image": image, "Cmd": ["sleep", "1000"], "Healthcheck": health}
    assert engine.call("POST", f"/containers/create?name={name}", body).status == 201
    assert engine.call("POST", f"/containers/{name}/start").status == 204


def health_of(engine: Engine, name: str) -> Any:
    return engine.call("GET", f"/containers/{name}/json").json()["State"]["Health"]


def await_health(engine: Engine, name: str, right: Callable[[Any], bool], what: str) -> Any:
    wait_for(lambda: right(health_of(engine, name)), what=what)
    return health_of(engine, name)


def test_failures_in_the_start_period_do_not_count_until_the_first_success(engine: Engine, image: str) -> None:
    check = {"StartPeriod": HOUR, "StartInterval": 50 * MS, "Interval": 50 * MS, "Retries": 2}
    checked(engine, image, "slow", "test -e /ok || { echo not yet; exit 3; }", **check)
    health = await_health(engine, "slow", lambda seen: len(seen["Log"]) >= 3, "three probes")
    assert (health["Status"], health["FailingStreak"]) == ("starting", 0)
    assert (health["Log"][0]["ExitCode"], health["Log"][0]["Output"]) == (3, "not yet\n")
    engine.docker("exec", "slow", "touch", "/ok").check()
    await_health(engine, "slow", lambda seen: seen["Status"] == "healthy", "it is healthy")
    engine.docker("exec", "slow", "rm", "/ok").check()
    health = await_health(engine, "slow", lambda seen: seen["Status"] == "unhealthy", "it is unhealthy")
    assert health["FailingStreak"] >= 2
    assert len(health["Log"]) <= 5


def test_a_start_interval_does_not_wait_for_the_interval(engine: Engine, image: str) -> None:
    checked(engine, image, "eager", "true", StartPeriod=HOUR, StartInterval=50 * MS, Interval=HOUR)
    await_health(engine, "eager", lambda seen: seen["Status"] == "healthy", "it is healthy")
    assert len(health_of(engine, "eager")["Log"]) == 1  # the next one is an hour away


def test_a_probe_that_takes_too_long_is_killed_and_counts(engine: Engine, image: str) -> None:
    checked(engine, image, "hangs", "exec sleep 777", Interval=50 * MS, Timeout=200 * MS, Retries=1)
    health = await_health(engine, "hangs", lambda seen: seen["Status"] == "unhealthy", "it is unhealthy")
    assert health["Log"][0]["ExitCode"] == -1
    assert health["Log"][0]["Output"] == "Health check exceeded timeout (200ms)"
    assert "(unhealthy)" in engine.docker("ps", "--filter", "health=unhealthy", "--format", "{{.Status}}").stdout
    await_health(engine, "hangs", lambda seen: seen["FailingStreak"] >= 3, "three failures")
    # One that was killed takes a moment to be gone, but they do not pile up.
    wait_for(lambda: engine.docker("top", "hangs").check().stdout.count("sleep 777") <= 1, what="at most one is left")


def test_health_events_come_on_a_change_only(engine: Engine, image: str) -> None:
    checked(engine, image, "steady", "test ! -e /ill", Interval=50 * MS, Retries=1)
    await_health(engine, "steady", lambda seen: len(seen["Log"]) == 5, "five probes")
    engine.docker("exec", "steady", "touch", "/ill").check()
    await_health(engine, "steady", lambda seen: seen["FailingStreak"] >= 3, "three failures")
    actions = [event["Action"] for event in events_since(engine, 1, container=["steady"], event=["health_status"])]
    assert actions == ["health_status: healthy", "health_status: unhealthy"]


def test_stop_makes_unhealthy_start_begins_anew_and_a_pause_rests(engine: Engine, image: str) -> None:
    checked(engine, image, "cycle", "true", Interval=50 * MS)
    await_health(engine, "cycle", lambda seen: seen["Status"] == "healthy", "it is healthy")
    engine.docker("pause", "cycle").check()
    resting = health_of(engine, "cycle")
    checked(engine, image, "clock", "true", Interval=50 * MS)  # runs meanwhile: the time to rest in
    await_health(engine, "clock", lambda seen: len(seen["Log"]) == 5, "five probes of another")
    later = health_of(engine, "cycle")["Log"]
    assert (
        later[-1]["Start"] <= max(entry["Start"] for entry in resting["Log"]) or len(later) <= len(resting["Log"]) + 1
    )
    paused = later[-1]["Start"]
    engine.docker("unpause", "cycle").check()
    await_health(engine, "cycle", lambda seen: seen["Log"][-1]["Start"] > paused, "a probe after the pause")
    engine.docker("stop", "-t", "0", "cycle").check()
    assert health_of(engine, "cycle")["Status"] == "unhealthy"
    engine.docker("start", "cycle").check()
    await_health(engine, "cycle", lambda seen: seen["Status"] == "healthy", "it is healthy again")


def test_checks_go_on_after_a_restart_of_pierd(engine: Engine, image: str) -> None:
    checked(engine, image, "lasting", "test ! -e /ill", Interval=50 * MS, Retries=1)
    await_health(engine, "lasting", lambda seen: seen["Status"] == "healthy", "it is healthy")
    engine.kill()
    engine.start()
    engine.docker("exec", "lasting", "touch", "/ill").check()
    await_health(engine, "lasting", lambda seen: seen["Status"] == "unhealthy", "it is unhealthy")
