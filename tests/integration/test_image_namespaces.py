"""pierd with --image-namespaces: containers run from what another namespace of containerd has."""

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator

import pytest
from support.containerd import Containerd
from support.ctr import listed
from support.engine import Engine
from support.facilities import require_command
from support.images import Node, TestImage, busybox, oci_archive

pytestmark = [pytest.mark.root, pytest.mark.containerd]

NAME = "docker.io/library/theirs:1"


@pytest.fixture
def theirs(containerd: Containerd) -> Iterator[str]:
    """A namespace with an image in it, put there by containerd's own tool."""
    namespace = f"theirs-{secrets.token_hex(3)}"
    image = TestImage([*busybox().layers, {"marker": Node(b"theirs\n")}], busybox().config)
    ctr = [require_command("ctr"), "--address", containerd.address, "--namespace", namespace]
    imported = [*ctr, "images", "import", "-"]
    subprocess.run(imported, input=oci_archive({NAME: image}), check=True, capture_output=True, timeout=60)
    yield namespace
    subprocess.run([*ctr, "images", "rm", "--sync", NAME], check=False, capture_output=True, timeout=60)


def test_run_uses_what_is_there(new_engine: Callable[..., Engine], theirs: str, containerd: Containerd) -> None:
    engine = new_engine("--image-namespaces", f"absent,{theirs}").start()
    done = engine.pier("run", "--rm", "theirs:1", "cat", "/marker").check()
    assert (done.stdout, done.stderr) == ("theirs\n", "")  # not even a pull was tried
    assert listed(containerd, theirs, "images", "ls", "-q") == [NAME]
    (facts,) = json.loads(engine.pier("image", "inspect", "theirs:1").check().stdout)
    assert facts["RepoTags"] == ["theirs:1"]


def test_share_and_unshare(new_engine: Callable[..., Engine], theirs: str, containerd: Containerd) -> None:
    engine = new_engine("--image-namespaces", theirs).start()
    engine.pier("tag", "theirs:1", "ours:1").check()
    engine.pier("image", "share", "--namespace", theirs, "ours:1").check()
    assert "docker.io/library/ours:1" in listed(containerd, theirs, "images", "ls", "-q")
    engine.pier("image", "unshare", "--namespace", theirs, "ours:1").check()
    assert listed(containerd, theirs, "images", "ls", "-q") == [NAME]
    done = engine.pier("image", "share", "--namespace", "no-such", "ours:1")
    assert (done.code, "no such containerd namespace: no-such" in done.stderr) == (1, True)
