from pathlib import Path

import pytest

from pier.cli.container.mounts import read_mount, read_tmpfs, read_volumes
from pier.cli.errors import CliError


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("type=bind,src=/a", "target is required"),
        ("dst=/b,bind-propagation=shared", "cannot mix 'bind-\\*' options with mount type 'volume'"),
        ("type=bind,dst=/b,volume-nocopy", "cannot mix 'volume-\\*' options with mount type 'bind'"),
        ("type=bind,dst=/b,volume-driver=x", "cannot mix 'volume-\\*'"),
        ("type=bind,dst=/b,image-subpath=x", "cannot mix 'image-\\*'"),
        ("dst=/b,tmpfs-size=1m", "cannot mix 'tmpfs-\\*'"),
        ("dst=/b,ro=maybe", "invalid value for ro: maybe"),
        ("type=tmpfs,dst=/b,tmpfs-size=x", "invalid value for tmpfs-size: x"),
        ("type=tmpfs,dst=/b,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"),
        ("type=bind,dst=/b,bind-recursive=x", "invalid value for bind-recursive"),
        ("type=bind,dst=/b,bind-recursive=readonly", "requires 'readonly'"),
        ("type=bind,dst=/b,ro,bind-recursive=readonly", "requires 'bind-propagation=rprivate'"),
        ("type=bind,dst=/b,bind-x=1", "unexpected key 'bind-x'"),
        ("dst=/b,volume-x=1", "unexpected key 'volume-x'"),
    ],
)
def test_contradictions_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_mount(text)


def test_relative_sources_of_binds_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_mount("type=bind,src=./x,dst=/b")["Source"] == f"{tmp_path}/x"
    assert read_mount("type=bind,src=.,dst=/b")["Source"] == str(tmp_path)
    assert read_volumes(["../x:/y"])[0] == [f"{tmp_path.parent}/x:/y"]


def test_recursive_words() -> None:
    options = {
        word: read_mount(f"type=bind,dst=/b,bind-recursive={word}") for word in ("enabled", "disabled", "writable")
    }
    assert "BindOptions" not in options["enabled"]
    assert options["disabled"]["BindOptions"] == {"NonRecursive": True}
    assert options["writable"]["BindOptions"] == {"ReadOnlyNonRecursive": True}


def test_volumes_and_tmpfs() -> None:
    assert read_volumes(["/a:/b:ro", "/anon"]) == (["/a:/b:ro"], {"/anon": {}})
    assert read_volumes([]) == (None, {})
    assert read_tmpfs(["/a", "/b:rw,size=1"]) == {"/a": "", "/b": "rw,size=1"}
    with pytest.raises(CliError, match="empty section"):
        read_volumes(["a::b"])
