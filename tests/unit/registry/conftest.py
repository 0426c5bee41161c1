"""A client of registries without pauses between tries."""

from collections.abc import AsyncIterator

import pytest

from pier.registry import client as client_module
from pier.registry import transport as transport_module
from pier.registry import upload as upload_module
from pier.registry.client import Registry
from pier.registry.transport import Transport


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(client_module, "_BLOB_PAUSE", 0.0)
    monkeypatch.setattr(upload_module, "_PAUSE", 0.0)


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    registry = Registry()
    yield registry
    await registry.close()


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    transport = Transport()
    yield transport
    await transport.close()
