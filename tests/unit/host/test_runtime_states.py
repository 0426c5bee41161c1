import os
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.host.runtime_states import RuntimeStates

ID = "a" * 64


def test_what_a_runtime_left_is_listed_and_removed(tmp_path: Path) -> None:
    (tmp_path / ID).mkdir()
    (tmp_path / ID / "state.json").write_text("{}")
    os.mkfifo(tmp_path / ID / "exec.fifo")
    (tmp_path / "lock").touch()
    states = RuntimeStates(tmp_path)
    assert states.list_ids() == [ID]
    states.remove(ID)
    states.remove(ID)
    assert states.list_ids() == []
    assert (tmp_path / "lock").exists()


def test_before_the_first_container_there_is_nothing(tmp_path: Path) -> None:
    assert RuntimeStates(tmp_path / "none").list_ids() == []


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    (tmp_path / ID).touch()  # no directory
    with pytest.raises(PierError, match="cannot be removed"):
        RuntimeStates(tmp_path).remove(ID)
