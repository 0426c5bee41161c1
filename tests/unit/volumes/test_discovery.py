import socket
from pathlib import Path

import pytest

from pier.domain.errors import PierError, Unsupported
from pier.volumes.discovery import find_address, list_names


def test_sockets_and_files_name_plugins(tmp_path: Path) -> None:
    run, etc = tmp_path / "run", tmp_path / "etc"
    (run / "nested").mkdir(parents=True)
    etc.mkdir()
    for path in (run / "disk.sock", run / "nested" / "nested.sock"):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    (run / "file.sock").touch()
    (etc / "far.spec").write_text("tcp://127.0.0.1:8080\n")
    (etc / "obj.json").write_text('{"Name": "obj", "Addr": "unix:///run/obj.sock"}')
    where = [tmp_path / "missing", run, etc]
    assert list_names(where) == ["disk", "far", "nested", "obj"]
    assert find_address("disk", where) == f"unix://{run}/disk.sock"
    assert find_address("nested", where) == f"unix://{run}/nested/nested.sock"
    assert find_address("far", where) == "tcp://127.0.0.1:8080"
    assert find_address("obj", where) == "unix:///run/obj.sock"
    for name in ("file", "nosuch", "", "../run/disk", ".hidden"):
        assert find_address(name, where) is None


def test_files_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("[]")
    (tmp_path / "tls.json").write_text('{"Addr": "https://x", "TLSConfig": {"CAFile": "/ca"}}')
    with pytest.raises(PierError, match=r"bad\.json is not a JSON object with an Addr"):
        find_address("bad", [tmp_path])
    with pytest.raises(Unsupported, match="TLSConfig"):
        find_address("tls", [tmp_path])
