import base64
import io
import json
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine, Request

from pier.cli.container.copy import split_argument

DIRECTORY, LINK = 1 << 31 | 0o755, 1 << 27 | 0o777
ARCHIVE = "/containers/c/archive"


def tar_of(**files: bytes | None) -> bytes:
    """None makes a directory; a double underscore stands for a slash."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.mode = 0o755 if data is None else 0o640
            info.size = len(data or b"")
            tar.addfile(info, io.BytesIO(data or b""))
    return buffer.getvalue()


@pytest.fixture
def files(engine: HttpEngine) -> Callable[..., None]:
    """Says what HEAD and GET answer for each path: (mode, link target, tar)."""

    def serve(**paths: tuple[int, str, bytes]) -> None:
        known = {path.replace("__", "/"): facts for path, facts in paths.items()}

        def answer(request: Request, connection: socket.socket) -> None:
            path = request.query["path"][0]
            if path.strip("/.") not in known:
                body = json.dumps({"message": f"Could not find the file {path} in container c"}).encode()
                connection.sendall(b"HTTP/1.1 404 N\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
                connection.sendall(b"" if request.method == "HEAD" else body)
                return
            mode, target, data = known[path.strip("/.")]
            name = "." if path.endswith("/.") else path.strip("/").rpartition("/")[2]
            stat = json.dumps({"name": name, "size": 1, "mode": mode, "mtime": "", "linkTarget": target})
            header = base64.b64encode(stat.encode())
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
            head += b"X-Docker-Container-Path-Stat: %b\r\nContent-Length: %d\r\n\r\n"
            connection.sendall(head % (header, len(data)) + (b"" if request.method == "HEAD" else data))

        engine.routes["GET", ARCHIVE] = engine.routes["HEAD", ARCHIVE] = answer
        engine.answer("PUT", ARCHIVE, b"")

    return serve


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("c:/a", ("c", "/a")),
        ("c:a:b", ("c", "a:b")),
        ("/a:b", ("", "/a:b")),
        ("./a:b", ("", "./a:b")),
        ("../a:b", ("", "../a:b")),
        ("a", ("", "a")),
        ("-", ("", "-")),
        (":x", ("", ":x")),
        ("c:", ("c", "")),
    ],
)
def test_what_is_a_container(text: str, parts: tuple[str, str]) -> None:
    assert split_argument(text) == parts


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a:/x", "b:/y", "copying between containers is not supported"),
        ("a", "b", "must specify at least one container source"),
        ("-", "-", "must specify at least one container source"),
    ],
)
def test_exactly_one_side_is_a_container(pier: Pier, source: str, target: str, message: str) -> None:
    assert pier("cp", source, target) == (1, "", f"{message}\n")


def test_a_file_comes_out_under_any_name(files: Callable[..., None], pier: Pier) -> None:
    files(d__f=(0o644, "", tar_of(f=b"text")))
    assert pier("cp", "c:/d/f", "new") == (0, "", "")
    assert Path("new").read_text() == "text"
    Path("dir").mkdir()
    assert pier("cp", "c:/d/f", "dir")[0] == 0
    assert pier("cp", "c:/d/f", "new")[0] == 0
    assert (Path("dir/f").read_text(), Path("new").read_text()) == ("text", "text")


def test_a_directory_comes_out_whole_or_its_content(files: Callable[..., None], pier: Pier) -> None:
    files(d=(DIRECTORY, "", tar_of(d=None, d__f=b"text")))
    assert pier("cp", "c:/d", "new")[0] == 0
    assert pier("cp", "c:/d", "new")[0] == 0
    assert sorted(str(path) for path in Path("new").rglob("*")) == ["new/d", "new/d/f", "new/f"]


def test_the_content_alone(files: Callable[..., None], engine: HttpEngine, pier: Pier) -> None:
    files(d=(DIRECTORY, "", tar_of(**{".": None, "./f": b"text"})))
    Path("there").mkdir()
    assert pier("cp", "c:/d/.", "there")[0] == 0
    assert engine.last("GET", ARCHIVE).query == {"path": ["/d/."]}
    assert Path("there/f").read_text() == "text"


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("c:/d", "file", "cannot copy directory"),
        ("c:/f", "nodir/", "no such directory"),
        ("c:/f", "file/", "not a directory"),
        ("c:/f", "/dev/null", 'destination "/dev/null" must be a directory or a regular file'),
        ("c:/nosuch", ".", "Error response from daemon: Could not find the file /nosuch in container c"),
    ],
)
def test_what_cannot_come_out(files: Callable[..., None], pier: Pier, source: str, target: str, message: str) -> None:
    files(d=(DIRECTORY, "", tar_of(d=None)), f=(0o644, "", tar_of(f=b"x")))
    Path("file").write_text("kept")
    assert pier("cp", source, target) == (1, "", f"{message}\n")
    assert Path("file").read_text() == "kept"


def test_a_missing_parent(files: Callable[..., None], pier: Pier) -> None:
    files(f=(0o644, "", tar_of(f=b"x")))
    assert pier("cp", "c:/f", "no/x")[2] == f'invalid output path: directory "{Path.cwd()}/no" does not exist\n'


def test_links_are_followed_when_asked(files: Callable[..., None], engine: HttpEngine, pier: Pier) -> None:
    files(l=(LINK, "/real", b""), real=(0o644, "", tar_of(real=b"text")))
    assert pier("cp", "-L", "c:/l", ".")[0] == 0
    assert engine.last("GET", ARCHIVE).query == {"path": ["/real"]}
    assert Path("l").read_text() == "text"


def test_the_archive_itself(files: Callable[..., None], engine: HttpEngine, pier: Pier) -> None:
    files(f=(0o644, "", b"tarball"), d=(DIRECTORY, "", b""))
    assert pier("cp", "c:/f", "-") == (0, "tarball", "")
    assert pier("cp", "-", "c:/f") == (1, "", 'destination "c:/f" must be a directory\n')
    assert pier("cp", "-", "c:/nosuch")[0] == 1


def sent(engine: HttpEngine) -> tuple[str, list[str]]:
    """Where the last archive went and what is in it."""
    request = engine.last("PUT", ARCHIVE)
    with tarfile.open(fileobj=io.BytesIO(request.body)) as tar:
        return request.query["path"][0], tar.getnames()


@pytest.mark.parametrize(
    ("source", "target", "place", "names"),
    [
        ("file", "c:/d", "/d", ["file"]),
        ("file", "c:/d/new", "/d", ["new"]),
        ("file", "c:/d/f", "/d", ["f"]),
        ("file", "c:/l", "/d", ["file"]),
        ("dir", "c:/d", "/d", ["dir", "dir/x"]),
        ("dir", "c:/new", "/", ["new", "new/x"]),
        ("dir/.", "c:/d", "/d", [".", "./x"]),
        ("dir/.", "c:/new", "/", ["new", "new/x"]),
        ("link", "c:/d", "/d", ["link"]),
    ],
)
def test_where_files_go(
    files: Callable[..., None],
    engine: HttpEngine,
    pier: Pier,
    source: str,
    target: str,
    place: str,
    names: list[str],
) -> None:
    files(d=(DIRECTORY, "", b""), d__f=(0o644, "", b""), l=(LINK, "/d", b""))
    Path("file").write_text("text")
    Path("dir").mkdir()
    Path("dir/x").write_text("x")
    Path("link").symlink_to("file")
    assert pier("cp", source, target) == (0, "", "")
    assert sent(engine) == (place, names)
    assert engine.last("PUT", ARCHIVE).query["noOverwriteDirNonDir"] == ["true"]
    assert "copyUIDGID" not in engine.last("PUT", ARCHIVE).query


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("dir", "c:/d/f", "cannot copy directory"),
        ("file", "c:/nodir/", "no such directory"),
        ("file/", "c:/d", "not a directory"),
    ],
)
def test_what_cannot_go_in(
    files: Callable[..., None], engine: HttpEngine, pier: Pier, source: str, target: str, message: str
) -> None:
    files(d=(DIRECTORY, "", b""), d__f=(0o644, "", b""))
    Path("file").write_text("text")
    Path("dir").mkdir()
    assert pier("cp", source, target) == (1, "", f"{message}\n")
    assert ("PUT", ARCHIVE) not in engine.sent()


def test_owners_and_messages(files: Callable[..., None], engine: HttpEngine, pier: Pier) -> None:
    files(d=(DIRECTORY, "", b""))
    Path("file").write_text("text")
    assert pier("cp", "-a", "--quiet=false", "file", "c:/d") == (0, "", "Successfully copied 2.048kB to c:/d\n")
    assert engine.last("PUT", ARCHIVE).query["copyUIDGID"] == ["true"]


def test_links_without_end(files: Callable[..., None], pier: Pier) -> None:
    files(l=(LINK, "/l", b""))
    Path("file").write_text("text")
    assert pier("cp", "file", "c:/l") == (1, "", "c:/l: too many links\n")
