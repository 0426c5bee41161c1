import os
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.host.files import ContainerFiles

ID = "ab" * 32


@pytest.fixture
def host_root(tmp_path: Path) -> Path:
    root = tmp_path / "host"
    (root / "etc").mkdir(parents=True)
    (root / "etc/hosts").write_text("127.0.0.1 host\n")
    (root / "etc/resolv.conf").write_text("nameserver 192.0.2.1\n")
    return root


@pytest.fixture
def files(tmp_path: Path, host_root: Path) -> ContainerFiles:
    return ContainerFiles(tmp_path / "containers", host_root=host_root)


def test_files_are_written_and_the_hosts_copied(files: ContainerFiles, tmp_path: Path) -> None:
    paths = files.write(ID, {"hostname": "box\n", "hosts": None, "resolv.conf": None})
    assert paths["hosts"] == str(tmp_path / "containers" / ID / "hosts")
    assert [Path(path).read_text() for path in paths.values()] == [
        "box\n",
        "127.0.0.1 host\n",
        "nameserver 192.0.2.1\n",
    ]
    assert all(Path(path).stat().st_mode & 0o777 == 0o644 for path in paths.values())


@pytest.mark.parametrize("content", ["a much longer text than before\n", "s\n", ""])
def test_rewriting_keeps_the_inode_that_containers_have_mounted(files: ContainerFiles, content: str) -> None:
    path = Path(files.write(ID, {"hosts": "some text\n"})["hosts"])
    inode = path.stat().st_ino
    files.write(ID, {"hosts": content})
    assert (path.stat().st_ino, path.read_text()) == (inode, content)


def test_unchanged_content_is_not_written_again(files: ContainerFiles) -> None:
    path = Path(files.write(ID, {"hosts": "same\n"})["hosts"])
    before = path.stat().st_mtime_ns
    files.write(ID, {"hosts": "same\n"})
    assert path.stat().st_mtime_ns == before


def test_removal_takes_the_directory_and_may_be_repeated(files: ContainerFiles, tmp_path: Path) -> None:
    files.write(ID, {"hosts": ""})
    files.remove(ID)
    files.remove(ID)
    assert list((tmp_path / "containers").iterdir()) == []


@pytest.mark.parametrize("container_id", ["", "..", "abc", "../" + ID, ID.upper()])
def test_only_ids_become_paths(files: ContainerFiles, container_id: str) -> None:
    with pytest.raises(PierError, match="not a container id"):
        files.remove(container_id)


def test_resolver_behind_systemd_resolved(files: ContainerFiles, host_root: Path) -> None:
    assert files.host_resolv_conf() == "nameserver 192.0.2.1\n"
    (host_root / "etc/resolv.conf").write_text("# nameserver 192.0.2.9\nnameserver 127.0.0.53\noptions edns0\n")
    assert "127.0.0.53" in files.host_resolv_conf()
    upstream = host_root / "run/systemd/resolve/resolv.conf"
    upstream.parent.mkdir(parents=True)
    upstream.write_text("nameserver 192.0.2.2\n")
    assert files.host_resolv_conf() == "nameserver 192.0.2.2\n"


def test_host_without_a_resolver_file(files: ContainerFiles, host_root: Path) -> None:
    (host_root / "etc/resolv.conf").unlink()
    assert files.host_resolv_conf() == ""


def test_lines_come_and_go_in_place_and_a_programs_own_stay(files: ContainerFiles) -> None:
    path = Path(files.write(ID, {"hosts": "127.0.0.1\tlocalhost\n10.0.0.1\tweb\n"})["hosts"])
    path.write_text(path.read_text() + "10.9.9.9 mine")
    inode = path.stat().st_ino
    files.change_hosts(ID, ["10.1.0.1\tweb\n"], ["10.0.0.1\tweb\n", "not there\n"])
    assert path.read_text() == "127.0.0.1\tlocalhost\n10.9.9.9 mine\n10.1.0.1\tweb\n"
    files.change_hosts(ID, [], ["10.1.0.1\tweb\n"])
    assert path.read_text() == "127.0.0.1\tlocalhost\n10.9.9.9 mine\n"
    assert path.stat().st_ino == inode


def test_lines_go_by_their_first_names_whatever_their_address(files: ContainerFiles) -> None:
    path = Path(files.write(ID, {"hosts": "10.0.0.1\tdb box old\n10.0.0.1\tdb2 box\n\n10.0.0.1\tdb\n"})["hosts"])
    files.change_hosts(ID, ["10.0.0.2\tdb box new\n"], [], ["db box"])
    assert path.read_text() == "10.0.0.1\tdb2 box\n\n10.0.0.1\tdb\n10.0.0.2\tdb box new\n"


def test_lines_of_a_file_that_is_not_there_cannot_change(files: ContainerFiles) -> None:
    with pytest.raises(PierError, match="file hosts of container"):
        files.change_hosts(ID, ["x\n"], [])


def test_a_hosts_file_that_its_container_has_blown_up_is_not_read(files: ContainerFiles) -> None:
    path = Path(files.write(ID, {"hosts": "short\n"})["hosts"])
    os.truncate(path, 1 << 40)
    with pytest.raises(PierError, match="longer than 1 MiB"):
        files.change_hosts(ID, ["x\n"], [])
    files.write(ID, {"hosts": "short\n"})
    assert path.read_text() == "short\n"
