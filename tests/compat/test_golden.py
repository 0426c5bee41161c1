"""Pier's answers against those that dockerd 28.5 gave in the same scenarios (tests/golden, scripts/record-golden)."""

import pytest
from golden.compare import Found, differences
from golden.differences import DIFFERENCES
from golden.scenario import SCENARIOS, load, play
from support.engine import Engine

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat]

_found: dict[str, list[Found]] = {}


@pytest.mark.parametrize("name", SCENARIOS)
def test_pier_answers_as_dockerd_does(engine: Engine, name: str) -> None:
    found = list(differences(name, load(name), play(name, engine.socket)))
    _found[name] = found
    unlisted = [one for one in found if not any(listed.covers(one.place) for listed in DIFFERENCES)]
    assert not unlisted, "not in tests/golden/differences.py:\n" + "\n".join(map(str, unlisted))


def test_every_listed_difference_still_occurs() -> None:
    if _found.keys() != SCENARIOS.keys():
        pytest.skip("not all scenarios were played to their end")
    places = [one.place for found in _found.values() for one in found]
    gone = [listed.where for listed in DIFFERENCES if not any(map(listed.covers, places))]
    assert not gone, "no longer a difference, take it out of tests/golden/differences.py: " + ", ".join(gone)
