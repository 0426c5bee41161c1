"""States and what they allow."""

import pytest

from pier.domain.container import Config, Container, HostConfig, State, Status
from pier.domain.errors import Conflict


def in_state(status: Status) -> Container:
    return Container(
        id="1" * 64,
        name="web",
        created_at=0,
        image_ref="x",
        image_id="x",
        config=Config(),
        host_config=HostConfig(),
        state=State(status=status),
    )


@pytest.mark.parametrize("status", list(Status))
def test_running_means_also_paused_and_between_two_runs(status: Status) -> None:
    state = State(status=status)
    assert state.is_running is (status in (Status.RUNNING, Status.PAUSED, Status.RESTARTING))
    assert state.has_task is (status in (Status.RUNNING, Status.PAUSED))


def test_what_must_run_says_why_it_does_not() -> None:
    in_state(Status.RUNNING).require_running()
    in_state(Status.PAUSED).require_running()
    with pytest.raises(Conflict, match="is restarting, wait until the container is running"):
        in_state(Status.RESTARTING).require_running()
    for status in (Status.CREATED, Status.EXITED, Status.DEAD, Status.REMOVING):
        with pytest.raises(Conflict, match=f"container {'1' * 64} is not running"):
            in_state(status).require_running()


def test_what_must_not_be_paused() -> None:
    in_state(Status.RUNNING).require_not_paused()
    with pytest.raises(Conflict, match="is paused, unpause the container"):
        in_state(Status.PAUSED).require_not_paused()
