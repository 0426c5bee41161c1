"""docker-py, unchanged, against Pier and a registry that wants a login."""

from collections.abc import Iterator

import docker
import pytest
from docker.errors import APIError, NotFound
from support.engine import Engine
from support.registry import PASSWORD, USER, RunningRegistry, running_registry

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat]
SOMEONE = {"username": USER, "password": PASSWORD}


@pytest.fixture(scope="module")
def guarded() -> Iterator[RunningRegistry]:
    with running_registry(login=True) as registry:
        yield registry


@pytest.fixture
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    one = docker.DockerClient(base_url=engine.host, version="auto", timeout=30)
    yield one
    one.close()


def test_login(client: docker.DockerClient, guarded: RunningRegistry) -> None:
    assert client.login(USER, PASSWORD, registry=guarded.host)["Status"] == "Login Succeeded"
    with pytest.raises(APIError) as caught:
        client.login(USER, "wrong", registry=guarded.host, reauth=True)
    assert caught.value.status_code == 401


def test_push_distribution_and_pull(client: docker.DockerClient, guarded: RunningRegistry, image: str) -> None:
    name = f"{guarded.host}/py/box"
    mine = client.images.get(image)
    assert mine.tag(name, "1")
    try:
        refused = list(client.images.push(name, "1", stream=True, decode=True))
        assert "no basic auth credentials" in refused[-1]["error"]
        lines = list(client.images.push(name, "1", stream=True, decode=True, auth_config=SOMEONE))
        assert lines[-1]["aux"]["Tag"] == "1"
        remote = client.images.get_registry_data(f"{name}:1", auth_config=SOMEONE)
        assert remote.id == lines[-1]["aux"]["Digest"]
        assert remote.has_platform("linux")
        with pytest.raises(NotFound):
            client.images.get_registry_data(f"{name}:2", auth_config=SOMEONE)
        client.images.remove(f"{name}:1")
        assert client.images.pull(name, "1", auth_config=SOMEONE).id == mine.id
    finally:
        client.images.remove(f"{name}:1", force=True)


def test_import(client: docker.DockerClient, image: str) -> None:
    box = client.containers.create(image)
    try:
        archive = b"".join(box.export())
        client.api.import_image_from_data(archive, repository="pier-test/py-import", tag="1")
        found = client.images.get("pier-test/py-import:1")
        assert client.containers.run(found, ["cat", "/www/index.html"], remove=True).startswith(b"<p>served")
    finally:
        box.remove()
        client.images.remove("pier-test/py-import:1", force=True)


def test_save_and_load(client: docker.DockerClient, image: str) -> None:
    mine = client.images.get(image)
    [loaded] = client.images.load(b"".join(mine.save(named=True)))
    assert loaded.id == mine.id
