"""The short form of `scripts/soak`."""

import pytest
from soak.__main__ import run

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.slow]


@pytest.mark.timeout(300)
def test_pierd_does_not_grow_with_containers_and_clients_that_are_gone() -> None:
    # So few come that holes of the heap weigh more than a slow leak: `scripts/soak` allows less than this.
    assert run(cycles=100, clients=150, warm_up=200, growth=8_000_000) == []
