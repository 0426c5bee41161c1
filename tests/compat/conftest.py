"""Every test with an engine leaves nothing behind, and that is checked."""

import pytest


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> None:
    """Tests without an engine (of single adapters) clean up for themselves. See tests/conftest.py for the two."""
    if "engine" in request.fixturenames:
        request.getfixturevalue("no_leaks")
        request.getfixturevalue("tidy")
