import json
import socket
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.volumes.discovery import PluginAddress, PluginTls, find_address, list_names


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
    assert find_address("disk", where) == PluginAddress(f"unix://{run}/disk.sock")
    assert find_address("nested", where) == PluginAddress(f"unix://{run}/nested/nested.sock")
    assert find_address("far", where) == PluginAddress("tcp://127.0.0.1:8080")
    assert find_address("obj", where) == PluginAddress("unix:///run/obj.sock")
    for name in ("file", "nosuch", "", "../run/disk", ".hidden"):
        assert find_address(name, where) is None


def test_files_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(PierError, match=r"bad\.json is not a JSON object with an Addr"):
        find_address("bad", [tmp_path])


def write(directory: Path, tls: object) -> None:
    (directory / "tls.json").write_text(json.dumps({"Addr": "https://x", "TLSConfig": tls}))


def test_tls_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"CAFile": "/ca", "CertFile": "/cert", "KeyFile": "/key", "InsecureSkipVerify": False})
    found = find_address("tls", [tmp_path])
    assert found == PluginAddress("https://x", PluginTls(authority="/ca", certificate="/cert", key="/key"))
    write(tmp_path, {"InsecureSkipVerify": True})
    assert find_address("tls", [tmp_path]) == PluginAddress("https://x", PluginTls(unverified=True))


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (["x"], "TLSConfig is not an object"),
        ({"CaFile": "/ca"}, "a key CaFile that Pier does not know"),
        ({"InsecureSkipVerify": "no"}, "InsecureSkipVerify is 'no'"),
        ({"CAFile": True}, "CAFile is True"),
        ({"CertFile": "/cert"}, "both of CertFile and KeyFile"),
    ],
)
def test_tls_that_is_not_understood_is_refused(tmp_path: Path, tls: object, words: str) -> None:
    write(tmp_path, tls)
    with pytest.raises(PierError, match=words):
        find_address("tls", [tmp_path])
