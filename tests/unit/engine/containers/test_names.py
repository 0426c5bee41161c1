"""Proposed names are valid, and free."""

from pier.domain.ids import is_valid_name
from pier.engine.containers.names import propose


def test_names_do_not_collide() -> None:
    taken: set[str] = set()
    for _ in range(5000):
        name = propose(taken.__contains__)
        assert is_valid_name(name)
        assert name not in taken
        taken.add(name)
