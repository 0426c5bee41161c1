import subprocess
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.host.wrappers import write_wrappers


def test_the_runtimes_own_arguments_come_first(tmp_path: Path) -> None:
    write_wrappers(tmp_path, {"loud": ("/bin/echo", "--debug", "two words")})
    done = subprocess.run([tmp_path / "runtimes" / "loud", "create", "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "--debug two words create a b\n"


def test_a_script_is_replaced_and_others_stay(tmp_path: Path) -> None:
    write_wrappers(tmp_path, {"a": ("/bin/echo", "1"), "b": ("/bin/echo", "1")})
    write_wrappers(tmp_path, {"a": ("/bin/echo", "2")})
    assert "2" in (tmp_path / "runtimes" / "a").read_text()
    assert (tmp_path / "runtimes" / "b").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "runtimes").touch()
    with pytest.raises(PierError, match="cannot write the wrapper"):
        write_wrappers(tmp_path, {"a": ("/bin/echo",)})
