"""The short form of `scripts/chaos`: a death at each of some points, and at random moments."""

import pytest
from chaos.__main__ import run

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.slow]

ROUNDS = 9


@pytest.mark.timeout(300)
def test_deaths_at_any_moment_lose_nothing_and_leave_nothing() -> None:
    figures = run(ROUNDS, seed=7)
    assert figures.violations == []
    assert figures.rounds == figures.kills == ROUNDS
    assert figures.containerd_kills == 2
    assert len(figures.points) >= 3, figures.missed_points  # most points were really died at
