"""A foreign client against the fake engine: what docker-py sends is understood, and it understands what comes back."""

import asyncio
from pathlib import Path
from typing import Any, cast

import docker
import pytest
from fakes.containers import WEB
from fakes.engine import FakeEngine, FakeLine

from pier.api.app import Api
from pier.api.http.listener import Listener
from pier.domain.registry import Progress

pytestmark = pytest.mark.compat


async def ask(engine: FakeEngine, directory: Path, question: Any) -> Any:
    """Runs `question(client)` in a thread while the API serves."""
    path = directory / "docker.sock"
    async with Api(cast(Any, engine)).serving([Listener(path=str(path))], grace=0.2):
        client = await asyncio.to_thread(docker.APIClient, base_url=f"unix://{path}", version="auto", timeout=5)
        try:
            return await asyncio.to_thread(question, client)
        finally:
            client.close()


async def test_it_settles_on_a_version(tmp_path: Path) -> None:
    version, ping = await ask(FakeEngine(), tmp_path, lambda client: (client.version(), client.ping()))
    assert version["Version"] == "0.1.0"
    assert ping is True


async def test_it_lists_and_inspects(tmp_path: Path) -> None:
    def question(client: docker.APIClient) -> Any:
        return client.containers(filters={"label": "a", "status": ["running"]}), client.inspect_container("web")

    engine = FakeEngine()
    listed, inspected = await ask(engine, tmp_path, question)
    assert engine.containers.filters.get("label") == ("a",)
    assert (listed[0]["Names"], inspected["Id"]) == (["/web"], WEB)


async def test_it_creates_and_starts(tmp_path: Path) -> None:
    def question(client: docker.APIClient) -> Any:
        host = client.create_host_config(binds={"data": {"bind": "/data", "mode": "rw"}}, port_bindings={80: 8080})
        created = client.create_container("busybox", "sleep 30", name="web", ports=[80], host_config=host)
        client.start(created["Id"])
        return created

    engine = FakeEngine()
    assert (await ask(engine, tmp_path, question))["Id"] == WEB
    request = engine.containers.created[0]
    assert (request.config.cmd, request.host_config.binds) == (("sleep", "30"), ("data:/data:rw",))
    assert engine.containers.calls == [("start", "web")]


async def test_an_error_of_ours_is_an_error_of_its(tmp_path: Path) -> None:
    def question(client: docker.APIClient) -> str:
        with pytest.raises(docker.errors.NotFound) as caught:
            client.start("nope")
        return str(caught.value.explanation)

    assert await ask(FakeEngine(), tmp_path, question) == "No such container: nope"


async def test_it_demultiplexes_logs(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.containers.lines = [[FakeLine(1, 1, b"a\n"), FakeLine(2, 1, b"b\n")]]
    logs = await ask(engine, tmp_path, lambda client: client.logs("web", stdout=True, stderr=True))
    assert logs == b"a\nb\n"


async def test_it_pulls_and_loads(tmp_path: Path) -> None:
    def question(client: docker.APIClient) -> Any:
        pulled = list(client.pull("busybox", tag="latest", stream=True, decode=True))
        return pulled, list(client.load_image(b"tar"))

    engine = FakeEngine()
    engine.images.progress = [Progress(status="Pulling"), Progress(status="Done")]
    pulled, loaded = await ask(engine, tmp_path, question)
    assert [line["status"] for line in pulled] == ["Pulling", "Done"]
    assert len(loaded) == 2
    assert engine.images.loaded == b"tar"
