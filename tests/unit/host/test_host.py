import asyncio
import os
import threading
from pathlib import Path

import pytest
from fakes.cgroups import record_v2, write_files

from pier.domain.errors import NotFound, PierError
from pier.host import host as host_module
from pier.host.host import Host
from pier.host.root import ContainerRoot


@pytest.fixture
def host(tmp_path: Path) -> Host:
    record_v2(tmp_path / "host")
    return Host(
        data_root=tmp_path / "data",
        exec_root=tmp_path / "run",
        containerd_address=str(tmp_path / "absent.sock"),
        root=tmp_path / "host",
    )


async def test_sample_by_path_or_by_process(host: Host, tmp_path: Path) -> None:
    write_files(tmp_path / "host/sys/fs/cgroup/pier/a", {"pids.current": "3\n"})
    write_files(tmp_path / "host/proc/42", {"cgroup": "0::/pier/a\n"})
    assert (await host.sample("/pier/a", 42)).pids_current == 3
    assert (await host.sample("", 42)).pids_current == 3
    assert await host.cgroup_path(42) == "/pier/a"
    with pytest.raises(NotFound):
        await host.sample("/pier/b", 42)


async def test_leftover_cgroup_is_removed_and_absence_is_fine(host: Host, tmp_path: Path) -> None:
    leftover = tmp_path / "host/sys/fs/cgroup/pier/a"
    leftover.mkdir(parents=True)
    await host.remove_cgroup("/pier/a")
    await host.remove_cgroup("/pier/a")
    assert not leftover.exists()


async def test_cgroups_of_containers_are_found_by_their_ids(host: Host, tmp_path: Path) -> None:
    one, two = "a" * 64, "b" * 64
    for name in (one, "other", f"pier-{two}.scope"):
        (tmp_path / "host/sys/fs/cgroup/a.slice/a-b.slice" / name).mkdir(parents=True)
    assert await host.list_cgroups("a-b.slice") == {
        one: f"/a.slice/a-b.slice/{one}",
        two: f"/a.slice/a-b.slice/pier-{two}.scope",
    }
    assert await host.list_cgroups("/none") == {}


async def test_container_files_end_hostname_with_a_newline(host: Host, tmp_path: Path) -> None:
    directory = tmp_path / "data/containers" / ("a" * 64)
    paths = await host.container_files("a" * 64, hostname="box", hosts="h\n", resolv_conf="r\n")
    assert paths == {name: str(directory / name) for name in ("hostname", "hosts", "resolv.conf")}
    assert (directory / "hostname").read_text() == "box\n"
    assert (directory / "resolv.conf").read_text() == "r\n"
    await host.remove_container_files("a" * 64)
    assert not directory.exists()


async def test_directory_for_a_bind_is_made_once(host: Host, tmp_path: Path) -> None:
    wanted = tmp_path / "a/b"
    assert not await host.path_exists(str(wanted))
    assert await host.ensure_directory(str(wanted)) is True
    assert await host.ensure_directory(str(wanted)) is False
    assert await host.path_exists(str(wanted))
    assert wanted.stat().st_mode & 0o777 == 0o755


async def test_directory_below_a_file_cannot_be_made(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert await host.ensure_directory(str(tmp_path / "file")) is False
    with pytest.raises(PierError, match="cannot be made"):
        await host.ensure_directory(str(tmp_path / "file/below"))


async def test_facts_without_containerd_are_this_hosts(host: Host) -> None:
    facts = await host.facts()
    assert facts.cgroup_version == 2


async def test_a_root_whose_reader_goes_while_it_is_opened_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, gate = threading.Event(), threading.Event()
    root = ContainerRoot(os.open(tmp_path, os.O_PATH | os.O_DIRECTORY))
    number = root.descriptor

    def open_slowly(*_: object) -> ContainerRoot:
        entered.set()
        gate.wait(5)
        return root

    monkeypatch.setattr(host_module, "open_running_root", open_slowly)
    host = Host(data_root=tmp_path, exec_root=tmp_path, containerd_address="")

    async def read() -> None:
        async with host.running_root(1, "/x"):
            raise AssertionError("nobody is there")

    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(read())
        await asyncio.to_thread(entered.wait, 5)
        client.cancel()
        gate.set()
    assert client.cancelled()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
