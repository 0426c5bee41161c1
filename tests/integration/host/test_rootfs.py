"""Root file systems made of real overlay layers, some of them hostile."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.descriptors import open_descriptors

from pier.domain.errors import NotFound, PierError, Unsupported
from pier.domain.mount import FilesystemMount
from pier.domain.runtime import ProcessUser
from pier.host import rootfs
from pier.host.host import Host

pytestmark = pytest.mark.root

PASSWD = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001::/srv/web:/bin/sh\n"
SOURCE = "pier-test-overlay"  # what the mounts are called, so that one left behind is seen
GROUP = "root:x:0:\nweb:x:1001:\naudio:x:29:web,root\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(data_root=tmp_path / "data", exec_root=tmp_path / "run", containerd_address="/nonexistent")


class Layers:
    """Directories of an overlay, the first the writable one."""

    def __init__(self, top: Path, count: int) -> None:
        self.directories = [top / f"{number}/fs" for number in range(count)]
        for directory in self.directories:
            (directory / "etc").mkdir(parents=True)

    @property
    def mounts(self) -> list[FilesystemMount]:
        upper, *lower = map(str, self.directories)
        options = ("index=off", f"workdir={upper}/../work", f"upperdir={upper}", "lowerdir=" + ":".join(lower))
        return [FilesystemMount(type="overlay", source=SOURCE, options=options)]

    def write(self, layer: int, path: str, text: str) -> None:
        file = self.directories[layer] / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path / "layers", 3)


@pytest.fixture(autouse=True)
def _nothing_leaks() -> Iterator[None]:
    before = open_descriptors()
    yield
    assert open_descriptors() - before == set()
    assert SOURCE not in Path("/proc/self/mountinfo").read_text()


async def test_user_is_found_in_a_lower_layer(host: Host, layers: Layers) -> None:
    layers.write(2, "etc/passwd", PASSWD)
    layers.write(1, "etc/group", GROUP)
    found = await host.look_up_user("web", ["audio", "7"], rootfs=layers.mounts)
    assert found == ProcessUser(uid=1000, gid=1001, additional_gids=(1001, 29, 7), home="/srv/web")


async def test_upper_layer_hides_what_lies_below(host: Host, layers: Layers) -> None:
    layers.write(2, "etc/passwd", PASSWD)
    layers.write(0, "etc/passwd", "web:x:5:5::/:/bin/sh\n")
    assert (await host.look_up_user("web", [], rootfs=layers.mounts)).uid == 5


async def test_whiteout_in_the_upper_layer_removes_the_file(host: Host, layers: Layers) -> None:
    layers.write(2, "etc/passwd", PASSWD)
    os.mknod(layers.directories[0] / "etc/passwd", stat.S_IFCHR | 0o600, os.makedev(0, 0))
    with pytest.raises(NotFound, match="unable to find user web: no matching entries in passwd file"):
        await host.look_up_user("web", [], rootfs=layers.mounts)


async def test_many_layers_fit(host: Host, tmp_path: Path) -> None:
    many = Layers(tmp_path / ("long-name-" * 10) / "snapshots", 120)
    many.write(119, "etc/passwd", PASSWD)
    assert (await host.look_up_user("web", [], rootfs=many.mounts)).uid == 1000


async def test_single_directory_needs_no_mount(host: Host, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD)
    mounts = [FilesystemMount(type="bind", source=str(tmp_path), options=("rbind", "rw"))]
    assert (await host.look_up_user("web", [], rootfs=mounts)).home == "/srv/web"


@pytest.mark.parametrize("link", ["/../../../../etc/passwd", "../../../../../../../etc/passwd", "/etc/passwd"])
async def test_link_never_leads_out_of_the_root(host: Host, layers: Layers, link: str) -> None:
    (layers.directories[1] / "etc/passwd").symlink_to(link)
    layers.write(2, "marker", "")
    with pytest.raises(PierError):
        await host.look_up_user("daemon", [], rootfs=layers.mounts)


async def test_absolute_link_is_followed_inside(host: Host, layers: Layers) -> None:
    layers.write(2, "usr/share/accounts", PASSWD)
    (layers.directories[0] / "etc/passwd").symlink_to("/usr/share/accounts")
    assert (await host.look_up_user("web", [], rootfs=layers.mounts)).uid == 1000


async def test_fifo_in_place_of_the_file_is_refused_at_once(host: Host, layers: Layers) -> None:
    os.mkfifo(layers.directories[0] / "etc/passwd")
    async with asyncio.timeout(20):  # to open it would take for ever
        with pytest.raises(PierError, match="not a regular file"):
            await host.look_up_user("web", [], rootfs=layers.mounts)


async def test_huge_file_is_refused(host: Host, layers: Layers) -> None:
    with open(layers.directories[0] / "etc/passwd", "wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(PierError, match="more than"):
        await host.look_up_user("web", [], rootfs=layers.mounts)


async def test_running_process_is_looked_into_by_its_pid(host: Host) -> None:
    assert (await host.look_up_user("", [], pid=os.getpid())).uid == 0
    with pytest.raises(NotFound):
        await host.look_up_user("", [], pid=2**22 + 1)


async def test_snapshot_of_several_mounts_is_refused(host: Host, layers: Layers) -> None:
    with pytest.raises(Unsupported):
        await host.look_up_user("", [], rootfs=[*layers.mounts, *layers.mounts])


async def test_snapshot_is_mounted_read_only(layers: Layers) -> None:
    with rootfs.open_snapshot(layers.mounts) as root, pytest.raises(OSError, match="Read-only"):
        os.mkdir("x", dir_fd=root)


async def test_missing_layer_is_an_error_of_ours(host: Host) -> None:
    mounts = [FilesystemMount(type="overlay", source=SOURCE, options=("lowerdir=/nonexistent/a:/nonexistent/b",))]
    with pytest.raises(PierError, match="snapshot cannot be mounted"):
        await host.look_up_user("", [], rootfs=mounts)


async def test_copy_up_keeps_owners_modes_links_and_attributes(host: Host, layers: Layers, tmp_path: Path) -> None:
    data = layers.directories[2] / "var/data"
    (data / "sub").mkdir(parents=True)
    os.chown(data, 7, 8)
    data.chmod(0o1770)
    (data / "plain").write_bytes(b"x" * 3_000_000)
    (data / "plain").chmod(0o4751)
    os.chown(data / "plain", 3, 4)
    (data / "plain").chmod(0o4751)
    os.setxattr(data / "plain", "user.note", b"kept")
    os.utime(data / "plain", ns=(10**18, 10**18 + 5))
    os.link(data / "plain", data / "sub/again")
    (data / "link").symlink_to("/etc/passwd")
    os.lchown(data / "link", 5, 6)
    os.mkfifo(data / "fifo", 0o640)
    (layers.directories[0] / "var/data").mkdir(parents=True)
    (layers.directories[0] / "var/data/added").write_text("from above")
    os.chown(layers.directories[0] / "var/data", 7, 8)
    (layers.directories[0] / "var/data").chmod(0o1770)
    volume = tmp_path / "volume"
    volume.mkdir()

    await host.copy_up(layers.mounts, "/var/data", str(volume))

    facts = volume.stat()
    assert (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (7, 8, 0o1770)
    plain = (volume / "plain").stat()
    assert (plain.st_uid, plain.st_gid, stat.S_IMODE(plain.st_mode)) == (3, 4, 0o4751)
    assert (plain.st_size, plain.st_mtime_ns, plain.st_nlink) == (3_000_000, 10**18 + 5, 2)
    assert (volume / "sub/again").stat().st_ino == plain.st_ino
    assert os.getxattr(volume / "plain", "user.note") == b"kept"
    assert os.readlink(volume / "link") == "/etc/passwd"
    assert os.lstat(volume / "link").st_uid == 5
    assert stat.S_ISFIFO((volume / "fifo").stat().st_mode)
    assert (volume / "added").read_text() == "from above"


@pytest.mark.parametrize("path", ["/absent", "/etc/passwd", "/etc/passwd/x"])
async def test_copy_up_of_what_is_no_directory_does_nothing(
    host: Host, layers: Layers, tmp_path: Path, path: str
) -> None:
    layers.write(2, "etc/passwd", PASSWD)
    volume = tmp_path / "volume"
    volume.mkdir()
    await host.copy_up(layers.mounts, path, str(volume))
    assert list(volume.iterdir()) == []
