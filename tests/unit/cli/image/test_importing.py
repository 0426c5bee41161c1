from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

STREAM = '{"status":"sha256:abc"}\r\n'


def test_import_of_a_file(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    engine.answer("POST", "/images/create", STREAM)
    (tmp_path / "x.tar").write_bytes(b"tar")
    argv = ["-c", "USER a", "-c", "CMD b", "-m", "why", "--platform", "linux/arm64", str(tmp_path / "x.tar"), "x"]
    assert pier("import", *argv) == (0, "sha256:abc\n", "")
    request = engine.last("POST", "/images/create")
    assert request.body == b"tar"
    assert request.query == {
        "fromSrc": ["-"],
        "message": ["why"],
        "changes": ["USER a", "CMD b"],
        "platform": ["linux/arm64"],
        "repo": ["x"],
    }


def test_import_from_an_address(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/images/create", STREAM)
    assert pier("image", "import", "https://h/x.tar") == (0, "sha256:abc\n", "")
    request = engine.last("POST", "/images/create")
    assert (request.query, request.body) == ({"fromSrc": ["https://h/x.tar"]}, b"")


def test_failures(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    engine.answer("POST", "/images/create", {"message": "bad"}, 400)
    (tmp_path / "x.tar").write_bytes(b"tar")
    assert pier("import", str(tmp_path / "x.tar")) == (1, "", "Error response from daemon: bad\n")
    assert "no such file" in pier("import", str(tmp_path / "absent"))[2]
    assert pier("import", "-", f"x@sha256:{'a' * 64}")[0] == 1


@pytest.mark.parametrize("name", ["X", "x:-"])
def test_bad_name(engine: HttpEngine, pier: Pier, name: str) -> None:
    assert pier("import", "-", name)[0] == 1
    assert engine.sent() == []
