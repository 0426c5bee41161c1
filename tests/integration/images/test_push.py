"""Pushing to a real registry, with logins and TLS, and reading back what is there by skopeo."""

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.facilities import require_command
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, oci_archive
from support.registry import PASSWORD, USER, RunningRegistry, running_registry

from pier.containerd.client import Client
from pier.containerd.content import Content
from pier.containerd.diffs import Diffs
from pier.containerd.images import ImageRecords
from pier.containerd.leases import Leases
from pier.containerd.snapshots import Snapshots
from pier.domain.errors import PierError
from pier.domain.reference import parse
from pier.domain.registry import RegistryAuth
from pier.registry.client import Registry

pytestmark = [pytest.mark.containerd, pytest.mark.root]

LAYERED = TestImage([{"a": Node(bytes(3_000_000))}, {"b": Node(b"upper")}, {"c": Node(b"top")}], {"Cmd": ["/b"]})
SOMEONE = RegistryAuth(username=USER, password=PASSWORD)


def _raw(name: str, *more: str) -> bytes:
    inspect = [require_command("skopeo"), "inspect", "--tls-verify=false", "--raw", *more, f"docker://{name}"]
    return subprocess.run(inspect, check=True, capture_output=True, timeout=60).stdout


@pytest.mark.parametrize("pack", [docker_archive, oci_archive])
async def test_pushed_image_is_read_by_skopeo_with_the_same_id(
    images_engine: ImageEngine, remote: RunningRegistry, tmp_path: Path, pack: object
) -> None:
    assert callable(pack)
    name = f"{remote.host}/push/{'oci' if pack is oci_archive else 'docker'}:1"
    await images_engine.load(pack({name: LAYERED}))
    lines = await images_engine.push(name)
    assert [line.status for line in lines].count("Pushed") == 3
    assert _raw(name, "--config") == LAYERED.config_json
    assert lines[-1].aux is not None
    assert json.loads(_raw(name))["config"]["digest"] == LAYERED.id
    copy = [require_command("skopeo"), "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false"]
    subprocess.run([*copy, f"docker://{name}", f"dir:{tmp_path}/out"], check=True, capture_output=True, timeout=60)
    again = await images_engine.push(name)
    assert [line.status for line in again].count("Layer already exists") == 3


async def test_layers_are_mounted_across_repositories(images_engine: ImageEngine, remote: RunningRegistry) -> None:
    first, second = f"{remote.host}/mount/a:1", f"{remote.host}/mount/b:1"
    await images_engine.load(oci_archive({first: LAYERED}))
    await images_engine.push(first)
    await images_engine.images.tag(first, second.rpartition(":")[0], "1")
    before = len(remote.requests())
    lines = await images_engine.push(second)
    assert [line.status for line in lines].count("Mounted from mount/a") == 3
    assert not any(line.startswith("PATCH") for line in remote.requests()[before:])
    assert _raw(second, "--config") == LAYERED.config_json


async def test_digest_of_a_push_holds_the_plain_layers(images_engine: ImageEngine, remote: RunningRegistry) -> None:
    name = f"{remote.host}/push/held:1"
    await images_engine.load(docker_archive({name: LAYERED}))
    lines = await images_engine.push(name)
    assert lines[-1].aux is not None
    await images_engine.load(docker_archive({name: TestImage([{"z": Node(b"z")}])}))  # the tag leads elsewhere now
    await images_engine.leases.collect()
    repository = name.rpartition(":")[0]
    held = await images_engine.images.get(f"{repository}@{lines[-1].aux['Digest']}")
    assert held.id == LAYERED.id
    assert len(await images_engine.save(LAYERED.id)) > 3_000_000
    await images_engine.images.tag(LAYERED.id, repository, "again")
    again = await images_engine.push(f"{repository}:again")
    assert again[-1].aux is not None
    assert again[-1].aux["Digest"] == lines[-1].aux["Digest"]
    assert [line.status for line in again].count("Layer already exists") == 3


@pytest.fixture(scope="module")
def guarded() -> Iterator[RunningRegistry]:
    with running_registry(login=True, clients=True) as registry:
        yield registry


@pytest.fixture
async def guarded_engine(client: Client, guarded: RunningRegistry, tmp_path: Path) -> AsyncIterator[ImageEngine]:
    """Whose settings hold the registry's authority and a client's certificate."""
    folder = tmp_path / guarded.host
    folder.mkdir()
    for name in ("ca.crt", "client.cert", "client.key"):
        (folder / name).symlink_to(guarded.directory / name)
    registry = Registry(directory=tmp_path)
    yield ImageEngine(Content(client), ImageRecords(client), Snapshots(client), Diffs(client), Leases(client), registry)
    await registry.close()


async def test_push_and_pull_with_login_and_certificates(guarded_engine: ImageEngine, guarded: RunningRegistry) -> None:
    name = f"{guarded.host}/team/app:1"
    await guarded_engine.load(oci_archive({name: LAYERED}))
    with pytest.raises(PierError, match="no basic auth credentials"):
        await guarded_engine.push(name)
    wrong = RegistryAuth(username=USER, password="wrong")
    with pytest.raises(PierError, match="push access denied"):
        [_ async for _ in guarded_engine.images.push(parse(name), auth=wrong)]
    [_ async for _ in guarded_engine.images.push(parse(name), auth=SOMEONE)]
    await guarded_engine.images.remove(LAYERED.id, force=True)
    repository, _, tag = name.rpartition(":")
    with pytest.raises(PierError, match="no basic auth credentials"):
        await guarded_engine.pull(repository, tag)
    [_ async for _ in guarded_engine.images.pull(repository, tag, auth=SOMEONE)]
    assert (await guarded_engine.images.get(name)).id == LAYERED.id


async def test_without_certificates_there_is_no_conversation(
    images_engine: ImageEngine, guarded: RunningRegistry
) -> None:
    with pytest.raises(PierError, match=r"cannot talk to|the registry"):
        await images_engine.pull(f"{guarded.host}/team/app", "1")
