"""A private namespace that plays the host, and an engine's networks in it. All of these tests need root."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.facilities import require_command, require_root
from support.netlab import Lab
from support.network_engine import NetworkEngine

from pier.domain.network import Network


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    require_root()
    for command in ("ip", "nft"):
        require_command(command)
    with Lab(tmp_path) as made:
        yield made


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[NetworkEngine]:
    """An engine that has started with nothing recorded."""
    made = NetworkEngine(lab, tmp_path)
    made.start()
    yield made
    made.teardown()


@pytest.fixture
def bridge(site: NetworkEngine) -> Network:
    return site.create()
