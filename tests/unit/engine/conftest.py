"""A world with one pierd and a busybox image in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.world import World

from pier.engine.containers import restart


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(restart, "MIN_BACKOFF", 2_000_000)  # 2 ms
    made = World(tmp_path)
    await made.boot()
    await made.load()
    made.events.clear()
    made.containerd.state.calls.clear()
    yield made
    await made.shut_down()
