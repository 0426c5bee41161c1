"""docker cp and export: what comes, what goes, and what is told."""

import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.world import World

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.runtime import ProcessUser


@pytest.fixture
def rootfs(world: World, tmp_path: Path) -> Path:
    made = tmp_path / "rootfs"
    (made / "d").mkdir(parents=True)
    (made / "d/f").write_text("text")
    world.host.root = made
    return made


async def one_file(name: str = "new", data: bytes = b"data") -> AsyncIterator[bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    yield buffer.getvalue()


async def names(stream: AsyncIterator[bytes]) -> list[str]:
    data = b"".join([chunk async for chunk in stream])
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


async def test_stat_and_fetch(world: World, rootfs: Path) -> None:
    await world.create("web")
    assert (await world.engine.containers.stat_path("web", "d/f")).size == 4
    assert world.actions() == ["create"]
    found, stream = await world.engine.containers.fetch("web", "/d")
    assert (found.name, await names(stream)) == ("d", ["d", "d/f"])
    assert world.actions() == ["create", "archive-path"]


@pytest.mark.root
async def test_extract(world: World, rootfs: Path) -> None:
    await world.create("web")
    await world.engine.containers.extract("web", "/d", one_file())
    assert (rootfs / "d/new").read_text() == "data"
    assert world.host.opened == ["writable"]
    assert world.actions() == ["create", "extract-to-dir"]


@pytest.mark.root
async def test_extract_may_give_everything_to_the_containers_user(world: World, rootfs: Path) -> None:
    world.host.users["web"] = ProcessUser(uid=12, gid=13)
    await world.create("named", user="web")
    await world.create("root")
    await world.engine.containers.extract("named", "/d", one_file("a"), as_user=True)
    await world.engine.containers.extract("root", "/d", one_file("b"), as_user=True)
    facts = [(rootfs / "d" / name).stat() for name in ("a", "b")]
    assert [(item.st_uid, item.st_gid) for item in facts] == [(12, 13), (0, 0)]


async def test_export_is_everything_but_the_mounts(world: World, rootfs: Path) -> None:
    await world.run("web")
    assert await names(await world.engine.containers.export("web")) == ["d", "d/f"]
    assert (world.host.opened, world.host.mounts) == (["running"], ())
    assert world.actions()[-1] == "export"


async def test_what_is_not_there(world: World, rootfs: Path) -> None:
    await world.create("web")
    containers = world.engine.containers
    with pytest.raises(NotFound, match="Could not find the file /x in container web"):
        await containers.stat_path("web", "/x")
    with pytest.raises(NotFound, match="Could not find the file /x in container web"):
        await containers.fetch("web", "/x")
    with pytest.raises(NotFound, match="Could not find the file /x in container web"):
        await containers.extract("web", "/x", one_file())
    with pytest.raises(InvalidArgument, match="not a directory"):
        await containers.extract("web", "/d/f", one_file())
    with pytest.raises(NotFound, match="No such container: nobody"):
        await containers.fetch("nobody", "/")
    assert world.actions() == ["create"]
