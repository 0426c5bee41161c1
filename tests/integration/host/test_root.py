"""Roots put together of real overlay layers and mounts."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.descriptors import open_descriptors
from support.facilities import require

from pier.domain.archive import RootMount
from pier.domain.errors import PierError
from pier.domain.mount import FilesystemMount
from pier.host.root import ContainerRoot, make_directory, open_running_root, open_stopped_root

pytestmark = pytest.mark.root
SOURCE = "pier-test-root"  # what the mounts are called, so that one left behind is seen


@pytest.fixture(autouse=True)
def _nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    if "container" in request.fixturenames:
        request.getfixturevalue("container")
    before = open_descriptors()
    yield
    assert open_descriptors() - before == set()
    assert SOURCE not in Path("/proc/self/mountinfo").read_text()


@pytest.fixture
def layers(tmp_path: Path) -> list[FilesystemMount]:
    for name in ("upper", "work", "lower", "base"):
        (tmp_path / "layers" / name).mkdir(parents=True)
    (tmp_path / "layers/base/etc").mkdir()
    (tmp_path / "layers/base/etc/base").write_text("base")
    (tmp_path / "layers/lower/file").write_text("lower")
    (tmp_path / "layers/upper/own").write_text("own")
    top = tmp_path / "layers"
    options = (f"workdir={top}/work", f"upperdir={top}/upper", f"lowerdir={top}/lower:{top}/base")
    return [FilesystemMount(type="overlay", source=SOURCE, options=options)]


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    made = tmp_path / "volume"
    made.mkdir()
    (made / "data").write_text("in the volume")
    return made


def read(root: ContainerRoot, path: str) -> str:
    with os.fdopen(root.open(path, os.O_RDONLY)) as file:
        return file.read()


def write(root: ContainerRoot, directory: str, name: str) -> None:
    handle = root.open(directory, os.O_RDONLY)
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=handle))
    finally:
        os.close(handle)


def test_a_stopped_root_for_reading(layers: list[FilesystemMount], tmp_path: Path) -> None:
    root = open_stopped_root(layers, (), writable=False)
    assert [read(root, path) for path in ("own", "file", "etc/base")] == ["own", "lower", "base"]
    with pytest.raises(OSError, match="Read-only"):
        write(root, "/", "new")
    root.close()
    assert sorted(os.listdir(tmp_path / "layers/upper")) == ["own"]


def test_what_is_written_lands_in_the_writable_layer(layers: list[FilesystemMount], tmp_path: Path) -> None:
    root = open_stopped_root(layers, (), writable=True)
    write(root, "/etc", "new")
    root.close()
    assert (tmp_path / "layers/upper/etc/new").exists()


def test_a_directory_is_made_with_its_parents(layers: list[FilesystemMount], tmp_path: Path) -> None:
    (tmp_path / "layers/lower/link").symlink_to("/etc")
    for path in ("/srv/a/b", "/srv/a/b", "/link/below"):
        make_directory(layers, path)
    made = tmp_path / "layers/upper"
    assert (made / "srv/a/b").is_dir()
    assert (made / "etc/below").is_dir()
    assert (made / "srv").stat().st_mode & 0o777 == 0o755
    with pytest.raises(PierError, match=r"^Cannot mkdir: /file/x is not a directory"):
        make_directory(layers, "/file/x")
    with pytest.raises(PierError, match=r"^Cannot mkdir: /own is not a directory"):
        make_directory(layers, "/own")


def test_volumes_show_where_they_are_mounted(layers: list[FilesystemMount], volume: Path, tmp_path: Path) -> None:
    mounts = [RootMount(destination="/srv/data", source=str(volume))]
    lacking = open_stopped_root(layers, mounts, writable=False)
    assert lacking.lacking == ("/srv/data",)
    lacking.close()
    root = open_stopped_root(layers, mounts, writable=True)
    write(root, "/srv/data", "new")
    root.close()
    assert sorted(os.listdir(volume)) == ["data", "new"]
    assert os.listdir(tmp_path / "layers/upper/srv/data") == []
    again = open_stopped_root(layers, mounts, writable=False)
    assert (again.lacking, read(again, "/srv/data/data")) == ((), "in the volume")
    again.close()


def test_a_volume_in_a_volume_is_not_mounted_on_the_host(layers: list[FilesystemMount], volume: Path) -> None:
    """The host's mounts are shared: what is mounted in a copy of one would show up there."""
    (volume / "inner").mkdir()
    mounts = [
        RootMount(destination="/v", source=str(volume)),
        RootMount(destination="/v/inner", source=str(volume)),
    ]
    root = open_stopped_root(layers, mounts, writable=True)
    assert read(root, "/v/inner/data") == "in the volume"
    assert os.listdir(volume / "inner") == []
    root.close()


def test_read_only_volumes_and_roots(layers: list[FilesystemMount], volume: Path) -> None:
    mounts = [
        RootMount(destination="/ro", source=str(volume), writable=False),
        RootMount(destination="/rw", source=str(volume)),
    ]
    root = open_stopped_root(layers, mounts, writable=True, read_only_root=True)
    for directory in ("/", "/ro"):
        with pytest.raises(OSError, match="Read-only"):
            write(root, directory, "new")
    write(root, "/rw", "new")
    root.close()


def test_files_are_mounted_too_and_missing_sources_left_out(layers: list[FilesystemMount], volume: Path) -> None:
    mounts = [
        RootMount(destination="/etc/hosts", source=str(volume / "data")),
        RootMount(destination="/etc/base", source=str(volume / "data")),
        RootMount(destination="/gone", source=str(volume / "gone")),
    ]
    root = open_stopped_root(layers, mounts, writable=True)
    assert read(root, "/etc/hosts") == read(root, "/etc/base") == "in the volume"
    assert root.lacking == ()
    with pytest.raises(FileNotFoundError):
        root.open("/gone", os.O_PATH)
    root.close()


def test_a_destination_behind_a_link_stays_inside(layers: list[FilesystemMount], volume: Path, tmp_path: Path) -> None:
    """A container can put a link where the parent of a mount point was."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "layers/upper/link").symlink_to(outside)
    for writable in (False, True):
        root = open_stopped_root(layers, [RootMount(destination="/link/data", source=str(volume))], writable=writable)
        assert root.lacking == ("/link/data",)
        root.close()
    assert os.listdir(outside) == []


def test_seventy_layers_fit(tmp_path: Path) -> None:
    """mount(2) takes one page of options, which absolute paths of so many layers overflow."""
    top = tmp_path / ("deep" * 20)
    names = [str(number) for number in range(70)]
    for name in ("upper", "work", *names):
        (top / name).mkdir(parents=True)
    (top / names[-1] / "last").write_text("found")
    lower = ":".join(str(top / name) for name in names)
    options = (f"workdir={top}/work", f"upperdir={top}/upper", f"lowerdir={lower}")
    root = open_stopped_root([FilesystemMount(type="overlay", source=SOURCE, options=options)], (), writable=True)
    assert (len(lower) > 4096, read(root, "/last")) == (True, "found")
    root.close()


def test_a_snapshot_of_one_directory(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    mount = FilesystemMount(type="bind", source=str(tmp_path / "only"), options=("rbind", "rw"))
    root = open_stopped_root([mount], (), writable=True)
    write(root, "/", "new")
    root.close()
    assert os.listdir(tmp_path / "only") == ["new"]
    readable = open_stopped_root([mount], (), writable=False)
    with pytest.raises(OSError, match="Read-only"):
        write(readable, "/", "more")
    readable.close()


_CONTAINER = """\
mount --bind $0 $0 && mount --bind $1 $0/data && mount -t tmpfs {source} $0/tmp && echo x > $0/tmp/x || exit 1
cp $2 $0/bin/busybox && cd $0 && pivot_root . old || exit 1
exec /bin/busybox sh -c 'umount -l /old; echo ready; exec /bin/busybox sleep 1000'
""".replace("{source}", SOURCE)


@pytest.fixture
def container(tmp_path: Path, volume: Path) -> Iterator[int]:
    """A process with a mount namespace and a root of its own, with a volume and a tmpfs in it; its pid."""
    top = tmp_path / "rootfs"
    for name in ("bin", "data", "tmp", "old"):
        (top / name).mkdir(parents=True)
    (top / "file").write_text("file of the root")
    busybox = shutil.which("busybox")
    require(busybox is not None, "no busybox")
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        _CONTAINER,
        str(top),
        str(volume),
        str(busybox),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.kill()


def test_a_running_root_has_its_volumes_and_nothing_else(container: int, volume: Path) -> None:
    root = open_running_root(container, "", [RootMount(destination="/data", source="/not/used")])
    assert read(root, "/file") == "file of the root"
    assert read(root, "/data/data") == "in the volume"
    with pytest.raises(FileNotFoundError):
        root.open("/tmp/x", os.O_PATH)
    write(root, "/data", "new")
    root.close()
    assert (volume / "new").exists()


def test_a_running_root_without_mounts(container: int) -> None:
    root = open_running_root(container, "", ())
    with pytest.raises(FileNotFoundError):
        root.open("/data/data", os.O_PATH)
    root.close()


def test_a_running_root_outlives_its_process(container: int) -> None:
    root = open_running_root(container, "", [RootMount(destination="/data", source="")])
    os.kill(container, 9)
    assert read(root, "/data/data") == "in the volume"
    root.close()


def test_a_read_only_mount_stays_read_only(container: int) -> None:
    root = open_running_root(container, "", [RootMount(destination="/data", source="", writable=False)])
    with pytest.raises(OSError, match="Read-only"):
        write(root, "/data", "new")
    root.close()
