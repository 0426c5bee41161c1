"""Removing and measuring what a container may have made of a directory."""

import os
from pathlib import Path

import pytest

from pier.volumes.trees import measure_tree, remove_tree

LEVELS = 3000


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A tree deeper than Python's recursion and than the kernel's longest path, with a file at its bottom."""
    top = tmp_path / "deep"
    top.mkdir()
    here = os.open(top, os.O_PATH)
    for _ in range(LEVELS):
        os.mkdir("level", dir_fd=here)
        below = os.open("level", os.O_PATH, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    return top


def test_a_tree_however_deep_is_measured_as_far_as_paths_go_and_removed(deep: Path) -> None:
    assert measure_tree(str(deep)) >= 0
    remove_tree(str(deep))
    assert not deep.exists()


def test_a_wide_tree_goes_and_its_links_lead_nowhere(tmp_path: Path) -> None:
    outside, top = tmp_path / "outside", tmp_path / "top"
    (outside / "kept").mkdir(parents=True)
    for number in range(300):
        (top / f"d{number}/sub").mkdir(parents=True)
        (top / f"d{number}/sub/f").write_text("x")
    (top / "link").symlink_to(outside)
    (top / "d1/link").symlink_to(outside)
    os.mkfifo(top / "fifo")
    remove_tree(str(top))
    assert not top.exists()
    assert (outside / "kept").is_dir()
    remove_tree(str(top))  # and again


def test_what_leads_to_a_directory_is_none(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        remove_tree(str(tmp_path / "link"))
    assert (tmp_path / "outside").is_dir()
