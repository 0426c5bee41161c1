from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.api import api_of
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def client(engine: FakeEngine, tmp_path: Path) -> AsyncIterator[RawClient]:
    async with api_of(engine, tmp_path) as connected:
        yield connected
