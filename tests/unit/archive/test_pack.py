"""Files into a tar, read back by tarfile."""

import io
import os
import socket
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pier.archive.pack import CHUNK, pack_content, pack_tree
from pier.archive.paths import open_path, parse_path
from pier.domain.errors import PierError
from pier.host.root import ContainerRoot


def pack_into(root: ContainerRoot, path: str, put: Callable[[bytes], None]) -> None:
    asked = parse_path(path)
    handle = open_path(root, asked)
    try:
        pack_tree(root, handle, asked, put)
    finally:
        os.close(handle)


def pack(root: ContainerRoot, path: str) -> tarfile.TarFile:
    pieces: list[bytes] = []
    pack_into(root, path, pieces.append)
    return tarfile.open(fileobj=io.BytesIO(b"".join(pieces)), mode="r:")


def content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/d", ["d", "d/f", "d/rel", "d/sub"]),
        ("/d/.", [".", "./f", "./rel", "./sub"]),
        ("/abs/", ["abs", "abs/f", "abs/rel", "abs/sub"]),
        ("/abs", ["abs"]),
        ("/d/f", ["f"]),
        ("/abs/f", ["f"]),
    ],
)
def test_members_are_named_after_what_was_asked_for(root: ContainerRoot, path: str, names: list[str]) -> None:
    assert pack(root, path).getnames() == names


def test_the_root_itself(root: ContainerRoot) -> None:
    assert pack(root, "/").getnames()[:2] == ["", "/abs"]  # tarfile takes the slash of "/" away
    assert pack(root, ".").getnames()[:2] == [".", "./abs"]


def test_everything_about_a_file_is_kept(root: ContainerRoot, top: Path) -> None:
    (top / "d/f").chmod(0o4751)
    os.utime(top / "d/f", ns=(0, 1_234_999_999_999))
    tar = pack(root, "/d")
    member = tar.getmember("d/f")
    facts = os.stat(top / "d/f")
    assert (member.mode, member.mtime, member.uid, member.gid) == (0o4751, 1234, facts.st_uid, facts.st_gid)
    assert (member.uname, member.gname) == ("", "")
    assert content(tar, "d/f") == b"text"
    assert (tar.getmember("d/rel").issym(), tar.getmember("d/rel").linkname) == (True, "f")
    assert tar.getmember("d/sub").isdir()


def test_links_are_sent_as_links_wherever_they_lead(root: ContainerRoot) -> None:
    tar = pack(root, ".")
    assert {name: tar.getmember(f"./{name}").linkname for name in ("out", "abs", "broken")} == {
        "out": "../../../../../secret",
        "abs": "/d",
        "broken": "/nowhere/x",
    }
    assert all(b"outside" not in content(tar, member.name) for member in tar if member.isreg())


def test_hard_links_are_sent_once(root: ContainerRoot, top: Path) -> None:
    os.link(top / "d/f", top / "d/sub/again")
    tar = pack(root, "/d")
    assert (tar.getmember("d/sub/again").islnk(), tar.getmember("d/sub/again").linkname) == (True, "d/f")


def test_fifos_and_sockets_are_not_opened(root: ContainerRoot, top: Path) -> None:
    os.mkfifo(top / "d/fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(top / "d/socket"))
        tar = pack(root, "/d")
    assert tar.getmember("d/fifo").isfifo()
    assert "d/socket" not in tar.getnames()


@pytest.mark.root
def test_devices_are_described_not_read(root: ContainerRoot, top: Path) -> None:
    os.mknod(top / "d/zero", 0o600 | 0o020000, os.makedev(1, 5))
    member = pack(root, "/d").getmember("d/zero")
    assert (member.ischr(), member.devmajor, member.devminor, member.size) == (True, 1, 5, 0)


@pytest.mark.root
def test_file_capabilities_are_kept(root: ContainerRoot, top: Path) -> None:
    value = bytes.fromhex("0100000200040000000000000000000000000000")
    (top / "d/f").chmod(0o755)
    os.setxattr(top / "d/f", "security.capability", value)
    header = pack(root, "/d").getmember("d/f").pax_headers["SCHILY.xattr.security.capability"]
    assert header.encode("utf-8", "surrogateescape") == value


def test_long_and_odd_names(root: ContainerRoot, top: Path) -> None:
    names = ["n" * 200, "ünï\ncode", os.fsdecode(b"\xff\xfe")]
    for name in names:
        (top / "d/sub" / name).write_text("x")
    assert set(names) < {os.path.basename(name) for name in pack(root, "/d").getnames()}


def test_large_files_go_out_in_pieces(root: ContainerRoot, top: Path) -> None:
    data = os.urandom(3 * CHUNK + 5)
    (top / "d/f").write_bytes(data)
    pieces: list[bytes] = []
    pack_into(root, "/d/f", pieces.append)
    assert max(map(len, pieces)) <= 2 * CHUNK
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        assert content(tar, "f") == data


def test_a_file_that_grows_is_cut_and_one_that_shrinks_fails(root: ContainerRoot, top: Path) -> None:
    size = 4 * CHUNK
    (top / "d/f").write_bytes(bytes(size))

    def change(to: int) -> Callable[[bytes], None]:
        def put(_: bytes) -> None:
            os.truncate(top / "d/f", to)

        return put

    pack_into(root, "/d/f", change(size * 2))
    with pytest.raises(PierError, match="shorter"):
        pack_into(root, "/d/f", change(1))


def test_all_content_has_no_entry_of_the_root(root: ContainerRoot) -> None:
    pieces: list[bytes] = []
    pack_content(root, pieces.append)
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        assert sorted(tar.getnames()) == ["abs", "broken", "d", "d/f", "d/rel", "d/sub", "out", "real"]


def test_a_directory_swapped_for_a_link_while_it_is_packed(root: ContainerRoot, top: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/leak").write_text("outside")
    for number in range(50):
        (top / f"d/sub/{number}").mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(top / "d/sub", top / "aside")
            os.symlink(tmp_path / "outside", top / "d/sub")
            os.unlink(top / "d/sub")
            os.rename(top / "aside", top / "d/sub")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(200):
            assert not any("leak" in name for name in pack(root, "/d").getnames())
    finally:
        stop.set()
        thread.join()
