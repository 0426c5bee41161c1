import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from pier.cli.archive_file import copy_to_stdout, write_archive
from pier.cli.errors import CliError
from pier.client.connection import Response


class Body:
    """A response whose body fails after its pieces, if it is told to."""

    def __init__(self, *pieces: bytes, failure: Exception | None = None) -> None:
        self._pieces = pieces
        self._failure = failure

    def chunks(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._failure is not None:
            raise self._failure


def response(*pieces: bytes, failure: Exception | None = None) -> Response:
    return cast(Response, Body(*pieces, failure=failure))


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_archive(str(target), response(b"a", b"b"), "failed")
    assert target.read_bytes() == b"ab"
    with pytest.raises(OSError, match="broken"):
        write_archive(str(target), response(b"c", failure=OSError("broken")), "failed")
    assert (target.read_bytes(), os.listdir(tmp_path)) == (b"ab", ["out"])


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=r"failed to save: open .*: no such file or directory"):
        write_archive(str(tmp_path / "no/out"), response(b"a"), "failed to save")


def test_a_device_is_written_to_not_replaced() -> None:
    write_archive("/dev/null", response(b"a"), "failed")
    assert not os.path.isfile("/dev/null")


def test_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert copy_to_stdout(response(b"a", b"\xff")) == 2
    assert capfdbinary.readouterr().out == b"a\xff"
