import io
import os
import tarfile
from pathlib import Path

import pytest

from pier.cli.container.copy_in import Source, pack
from pier.cli.errors import CliError


@pytest.mark.parametrize(
    ("text", "follow", "name", "is_directory"),
    [
        ("d", False, "d", True),
        ("d/", False, "d", True),
        ("d/.", False, ".", True),
        ("f", False, "f", False),
        ("l", False, "l", False),
        ("l", True, "l", True),
        ("l/", False, "l", True),
        ("d/../f", False, "f", False),
    ],
)
def test_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, follow: bool, name: str, is_directory: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "f").write_text("x")
    (tmp_path / "l").symlink_to("d")
    found = Source(text, follow=follow)
    assert (found.name, found.is_directory) == (name, is_directory)


def test_sources_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(CliError, match=f"lstat {tmp_path}/nosuch: no such file or directory"):
        Source(str(tmp_path / "nosuch"), follow=False)
    with pytest.raises(CliError, match="not a directory"):
        Source(f"{tmp_path}/f/.", follow=False)


def test_everything_is_packed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "file").write_bytes(b"x" * 700_000)
    (top / "file").chmod(0o4711)
    os.link(top / "file", top / "sub/hard")
    (top / "link").symlink_to("nowhere")
    os.mkfifo(top / "fifo")
    chunks = list(pack(str(top), "new"))
    assert max(map(len, chunks)) <= 256 << 10
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        assert tar.getnames() == ["new", "new/fifo", "new/file", "new/link", "new/sub", "new/sub/hard"]
        file = tar.getmember("new/file")
        assert (file.size, file.mode, file.uid) == (700_000, 0o4711, os.getuid())
        assert tar.getmember("new/link").linkname == "nowhere"
        assert (tar.getmember("new/sub/hard").islnk(), tar.getmember("new/sub/hard").linkname) == (True, "new/file")
        assert tar.getmember("new/fifo").isfifo()


def test_a_file_that_shrinks(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(1_000_000))
    chunks = pack(str(tmp_path / "f"), "f")
    next(chunks)
    os.truncate(tmp_path / "f", 1)
    with pytest.raises(CliError, match="shorter"):
        list(chunks)
