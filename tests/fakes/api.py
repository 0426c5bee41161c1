"""The API over a fake engine, and a client that speaks to it byte by byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from fakes.engine import FakeEngine
from fakes.raw_client import RawClient, connected

from pier.api.app import Api
from pier.api.http.listener import Listener


@asynccontextmanager
async def api_of(engine: FakeEngine, directory: Path) -> AsyncIterator[RawClient]:
    path = str(directory / "api.sock")
    async with Api(cast(Any, engine)).serving([Listener(path=path)], grace=0.2), connected(path) as client:
        yield client
