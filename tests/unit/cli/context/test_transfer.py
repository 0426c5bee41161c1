"""export and import."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pier.cli.context.transfer import pack, unpack
from pier.cli.context_store import ContextStore
from pier.cli.errors import CliError

Pier = Callable[..., tuple[int, str, str]]
TLS = {"ca.pem": b"ca", "key.pem": b"key"}


def test_what_is_exported_can_be_imported(pier: Pier, tmp_path: Path) -> None:
    store = ContextStore(str(tmp_path / "config.json"))
    pier("context", "create", "far", "--docker", "host=tcp://h:1", "--description", "d")
    store.save_tls("far", TLS)
    assert pier("context", "export", "far") == (0, "", 'Written file "far.dockercontext"\n')
    assert (tmp_path / "far.dockercontext").stat().st_mode & 0o777 == 0o600
    assert pier("context", "export", "far")[0] == 1  # never over a file
    assert pier("context", "import", "copy", "far.dockercontext")[0] == 0
    assert store.load("copy") == store.load("far") | {"Name": "copy"}
    assert store.tls_files("copy") == TLS
    assert pier("context", "import", "copy", "far.dockercontext")[2] == 'context "copy" already exists\n'


def test_zip_is_read_too() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("meta.json", "{}")
        archive.writestr("tls/docker/ca.pem", "ca")
    assert unpack(target.getvalue()) == {"meta.json": b"{}", "tls/docker/ca.pem": b"ca"}


def test_nothing_else_is_taken_from_an_archive(pier: Pier, tmp_path: Path) -> None:
    for name in ("../evil", "tls/docker/../../x", "/etc/passwd", "tls/other/ca.pem"):
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as tar:
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
        with pytest.raises(CliError, match="unexpected context file"):
            unpack(target.getvalue())
    (tmp_path / "big").write_bytes(bytes((10 << 20) + 1))
    assert "larger than 10 MB" in pier("context", "import", "far", "big")[2]
    (tmp_path / "empty").write_bytes(pack(b"{}", {}))
    assert pier("context", "import", "far", "empty")[0] == 1
    assert not ContextStore(str(tmp_path / "config.json")).has("far")
