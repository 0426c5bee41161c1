from pathlib import Path

import pytest

from pier.cli.container.environment import read_environment, read_labels
from pier.cli.errors import CliError


def test_files_come_first_and_flags_win(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_bytes("\ufeffA=1\r\n# no\n\nOWN\nNOT_OWN\nB= x\n".encode())
    assert read_environment([str(path)], ["A=2", "OWN", "NEW"], {"OWN": "me"}) == [
        "A=1",
        "OWN=me",
        "B= x",
        "A=2",
        "OWN=me",
        "NEW",
    ]
    assert read_environment([], [], {}) is None


@pytest.mark.parametrize("content", ["A B=1\n", "=1\n"])
def test_bad_names_in_files(tmp_path: Path, content: str) -> None:
    (tmp_path / "env").write_text(content)
    with pytest.raises(CliError, match="invalid env file"):
        read_environment([str(tmp_path / "env")], [], {})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for path, reason in (("nope", "no such file"), ("bytes", "not UTF-8"), (".", "Is a directory")):
        with pytest.raises(CliError, match=reason):
            read_labels([str(tmp_path / path)], [])


def test_labels(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a=1\nbare\n")
    assert read_labels([str(tmp_path / "labels")], ["a=2", "b", "c=x=y"]) == {"a": "2", "b": "", "c": "x=y"}
