import os
import stat
from pathlib import Path

import pytest

from pier.archive.paths import CopyPath, find_target, open_directory, open_path, parse_path, stat_path
from pier.domain.errors import InvalidArgument, NotFound
from pier.host.root import ContainerRoot


@pytest.mark.parametrize(
    ("text", "path", "name", "follows"),
    [
        ("/d/f", "/d/f", "f", False),
        ("d/f", "/d/f", "f", False),
        ("/d/", "/d", "d", True),
        ("/d/.", "/d", ".", True),
        (".", "/", ".", True),
        ("./", "/", ".", True),
        ("/d/./", "/d", ".", True),
        ("/d/.//", "/d", ".", True),
        ("/d./", "/d.", "d.", True),
        ("/", "/", "/", True),
        ("//", "/", "/", True),
        ("//d//f", "/d/f", "f", False),
        ("../../d", "/d", "d", False),
        ("/d/../d/f", "/d/f", "f", False),
        ("/d/..", "/", "/", True),
    ],
)
def test_paths_are_read_as_docker_does(text: str, path: str, name: str, follows: bool) -> None:
    assert parse_path(text) == CopyPath(text, path, name, follows)


@pytest.mark.parametrize("text", ["", "a\0b"])
def test_paths_that_are_none(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_path(text)


def test_stat_of_files_directories_and_links(root: ContainerRoot, top: Path) -> None:
    os.utime(top / "d/f", ns=(1, 1_500_000_000))
    found = stat_path(root, "d/f")
    assert (found.name, found.size, found.modified_at, found.link_target) == ("f", 4, 1_500_000_000, "")
    assert stat.S_ISREG(found.mode)
    assert stat.S_ISDIR(stat_path(root, "/d").mode)
    link = stat_path(root, "/abs")
    assert (stat.S_ISLNK(link.mode), link.link_target) == (True, "/d")
    followed = stat_path(root, "/abs/")
    assert (stat.S_ISDIR(followed.mode), followed.name, followed.link_target) == (True, "abs", "")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/abs", "/d"),
        ("/abs/rel", "/d/f"),
        ("/d/rel", "/d/f"),
        ("/broken", "/nowhere/x"),
        ("/out", "/secret"),
        ("/d/f", "/d/f"),
        ("/no/such", "/no/such"),
    ],
)
def test_where_links_lead_inside(root: ContainerRoot, path: str, target: str) -> None:
    assert find_target(root, path) == target


def test_links_in_a_circle(root: ContainerRoot, top: Path) -> None:
    (top / "a").symlink_to("b")
    (top / "b").symlink_to("a")
    with pytest.raises(InvalidArgument, match="too many levels"):
        stat_path(root, "a")


@pytest.mark.parametrize("path", ["/nosuch", "/d/f/x", "/broken/", "/out/", "/real/x", "/real/.", "/out/../x"])
def test_what_is_not_there(root: ContainerRoot, path: str) -> None:
    with pytest.raises(NotFound, match="Could not find the file"):
        stat_path(root, path)


@pytest.mark.parametrize("path", ["/d/f/", "/d/f/.", "/d/rel/"])
def test_a_file_is_no_directory(root: ContainerRoot, path: str) -> None:
    with pytest.raises(InvalidArgument, match="not a directory"):
        stat_path(root, path)


def test_a_fifo_neither_blocks_nor_notices(root: ContainerRoot, top: Path) -> None:
    os.mkfifo(top / "fifo")
    os.close(open_path(root, parse_path("/fifo")))
    assert stat.S_ISFIFO(stat_path(root, "/fifo").mode)


def test_the_directory_to_unpack_in(root: ContainerRoot) -> None:
    os.close(open_directory(root, parse_path("/abs")))
    with pytest.raises(InvalidArgument, match="extraction point is not a directory"):
        open_directory(root, parse_path("/d/f"))
    for path in ("/nosuch", "/broken", "/out"):
        with pytest.raises(NotFound):
            open_directory(root, parse_path(path))
