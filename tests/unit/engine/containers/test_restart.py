"""Restart policies, as a table."""

from dataclasses import replace

import pytest

from pier.domain.container import Config, Container, HostConfig, Link, RestartPolicy, State
from pier.engine.containers.restart import (
    MAX_BACKOFF,
    MIN_BACKOFF,
    STABLE_AFTER,
    comes_up_with_engine,
    needed_by,
    next_backoff,
    should_restart,
)


def a_container(policy: RestartPolicy, **state: object) -> Container:
    return Container(
        id="c",
        name="c",
        created_at=0,
        image_ref="x",
        image_id="x",
        config=Config(),
        host_config=HostConfig(restart_policy=policy),
        state=State(**state),  # type: ignore[arg-type]  # tests name fields freely
    )


@pytest.mark.parametrize(
    ("policy", "code", "restarts", "expected"),
    [
        (RestartPolicy(), 1, 0, False),
        (RestartPolicy(name="always"), 0, 9, True),
        (RestartPolicy(name="unless-stopped"), 0, 0, True),
        (RestartPolicy(name="on-failure"), 0, 0, False),
        (RestartPolicy(name="on-failure"), 1, 99, True),
        (RestartPolicy(name="on-failure", maximum_retry_count=2), 1, 1, True),
        (RestartPolicy(name="on-failure", maximum_retry_count=2), 1, 2, False),
    ],
)
def test_policies(policy: RestartPolicy, code: int, restarts: int, expected: bool) -> None:
    container = replace(a_container(policy), restart_count=restarts)
    assert should_restart(container, code) is expected


def test_who_was_stopped_stays_stopped() -> None:
    assert not should_restart(a_container(RestartPolicy(name="always"), stopped_by_user=True), 1)


def test_backoff_doubles_up_to_a_minute_and_starts_anew_after_a_stable_run() -> None:
    policy = RestartPolicy(name="always")
    assert next_backoff(a_container(policy, started_at=0), 5) == MIN_BACKOFF
    assert next_backoff(a_container(policy, started_at=0, backoff=MIN_BACKOFF), 5) == 2 * MIN_BACKOFF
    assert next_backoff(a_container(policy, started_at=0, backoff=MAX_BACKOFF), 5) == MAX_BACKOFF
    assert next_backoff(a_container(policy, started_at=0, backoff=MAX_BACKOFF), STABLE_AFTER) == MIN_BACKOFF


@pytest.mark.parametrize(
    ("policy", "by_user", "comes"),
    [
        (RestartPolicy(name="always"), True, True),
        (RestartPolicy(name="always"), False, True),
        (RestartPolicy(name="unless-stopped"), True, False),
        (RestartPolicy(name="unless-stopped"), False, True),
        (RestartPolicy(name="on-failure"), False, False),
        (RestartPolicy(), False, False),
    ],
)
def test_who_comes_up_with_the_engine(policy: RestartPolicy, by_user: bool, comes: bool) -> None:
    stopped = a_container(policy, started_at=5, stopped_by_user=by_user)
    assert comes_up_with_engine(stopped) is comes
    assert not comes_up_with_engine(replace(stopped, state=State()))


def test_whom_a_container_needs() -> None:
    host = HostConfig(network_mode="container:net", ipc_mode="container:ipc", pid_mode="host")
    sharing = replace(a_container(RestartPolicy()), host_config=host, links=(Link(container_id="db", alias="x"),))
    assert needed_by(sharing) == {"net", "ipc", "db"}
