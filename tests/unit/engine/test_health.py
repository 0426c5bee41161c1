"""What a row of probes adds up to."""

from pier.domain.container import Config, Health, Healthcheck
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


def test_only_the_last_probes_are_kept() -> None:
    assert len(after(*[GOOD] * (LOG_LENGTH + 3)).log) == LOG_LENGTH


def test_probe_commands() -> None:
    assert probe_command(Config(healthcheck=Healthcheck(test=("CMD", "a", "b")))) == ("a", "b")
    assert probe_command(Config(healthcheck=Healthcheck(test=("CMD-SHELL", "a b")))) == ("/bin/sh", "-c", "a b")
    shell = Config(shell=("/bin/bash", "-c"), healthcheck=Healthcheck(test=("CMD-SHELL", "a")))
    assert probe_command(shell) == ("/bin/bash", "-c", "a")
    assert probe_command(Config(healthcheck=Healthcheck(test=("NONE",)))) == ()
    assert probe_command(Config()) == ()
