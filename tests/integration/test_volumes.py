"""Volumes with real containers: mounted on use, parts of them, images, plugins, copies."""

from pathlib import Path

import pytest
from conftest import NewEngine, load_image
from support.cli import Cli
from support.engine import Engine
from support.volume_plugin import VolumePlugin, serve_plugin

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def pier(engine: Engine) -> Cli:
    """For what older docker CLIs do not know."""
    return Cli("pier", engine)


def mounted(engine: Engine, name: str) -> bool:
    return f"{engine.data_root}/volumes/{name}/_data " in Path("/proc/self/mountinfo").read_text()


def test_a_tmpfs_volume_is_shared_and_gone_with_its_last_user(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m,uid=1000", "quick")
    assert not mounted(engine, "quick")
    cli.out("run", "-d", "--name", "one", "-v", "quick:/x", image, "sh", "-c", "touch /x/f && sleep 100")
    assert "size=1024k" in cli.out("exec", "one", "mount")
    cli.out("exec", "one", "touch", "/x/g")
    assert "g" in cli.out("run", "--rm", "-v", "quick:/x", image, "ls", "/x").split()
    assert mounted(engine, "quick")
    engine.kill()
    engine.start()
    assert mounted(engine, "quick")
    cli.out("rm", "-f", "one")
    assert not mounted(engine, "quick")
    cli.out("volume", "rm", "quick")


def test_a_bind_volume_is_not_emptied_by_its_removal(cli: Cli, image: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("theirs")
    cli.out("volume", "create", "-o", "type=none", "-o", f"device={tmp_path}", "-o", "o=bind", "srv")
    assert cli.out("run", "--rm", "-v", "srv:/x", image, "cat", "/x/f") == "theirs"
    cli.out("create", "--name", "box", "-v", "srv:/x", image, "true")
    cli.out("cp", "box:/x/f", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_text() == "theirs"
    cli.out("rm", "box")
    cli.out("volume", "rm", "srv")
    assert (tmp_path / "f").read_text() == "theirs"


def test_a_part_of_a_volume_and_no_way_out(pier: Cli, image: str) -> None:
    script = "mkdir -p /v/a/b; echo inside > /v/a/f; ln -s /etc /v/abs; ln -s ../../.. /v/up; ln -s a /v/rel"
    pier.out("run", "--rm", "-v", "data:/v", image, "sh", "-c", script)

    def run(subpath: str, *command: str) -> "tuple[int, str]":
        mount = f"type=volume,src=data,dst=/x,volume-subpath={subpath}"
        done = pier("run", "--rm", "--mount", mount, image, *command)
        return done.code, done.stdout + done.stderr

    assert run("a", "cat", "/x/f") == (0, "inside\n")
    assert run("a/f", "cat", "/x") == (0, "inside\n")
    assert run("rel", "ls", "/x") == (0, "b\nf\n")
    for path in ("abs", "up"):
        code, text = run(path, "ls", "/x")
        assert code != 0
        assert "escapes the base directory" in text
    assert "cannot access path" in run("nope", "ls", "/x")[1]
    empty = "type=volume,src=data,dst=/etc,volume-subpath=a/b"  # gets what the image has there, as a whole volume does
    assert pier.out("run", "--rm", "--mount", empty, image, "ls", "/etc") == pier.out(
        "run", "--rm", image, "ls", "/etc"
    )
    assert "passwd" in pier.out("run", "--rm", "-v", "data:/v", image, "ls", "/v/a/b").split()
    pier.out("volume", "rm", "data")


def test_an_image_as_a_mount(pier: Cli, image: str) -> None:
    script = "ls /x/bin/busybox && ! touch /x/new"
    assert "/x/bin/busybox" in pier.out(
        "run", "--rm", "--mount", f"type=image,src={image},dst=/x", image, "sh", "-c", script
    )
    part = f"type=image,src={image},dst=/x,image-subpath=bin"
    assert "busybox" in pier.out("run", "--rm", "--mount", part, image, "ls", "/x").split()


def test_content_out_in_and_copied(cli: Cli, pier: Cli, image: str, tmp_path: Path) -> None:
    cli.out("run", "--rm", "-v", "data:/v", image, "sh", "-c", "mkdir /v/d; echo one > /v/d/f; chown 1000:1000 /v/d/f")
    pier.out("volume", "export", "-o", str(tmp_path / "v.tar"), "data")
    assert pier.out("volume", "import", "back", str(tmp_path / "v.tar")) == "back"
    assert pier.out("volume", "clone", "data", "copy") == "copy"
    snapshot = pier.out("volume", "snapshot", "data")
    for name in ("back", "copy", snapshot):
        seen = cli.out("run", "--rm", "-v", f"{name}:/v", image, "sh", "-c", "cat /v/d/f; stat -c %u /v/d/f")
        assert seen.split() == ["one", "1000"], name
    cli.out("volume", "rm", "data", "back", "copy", snapshot)


def test_a_plugins_volume(new_engine: NewEngine, image: str, tmp_path: Path) -> None:
    engine = new_engine("--volume-plugin-dir", str(tmp_path / "plugins")).start()
    load_image(engine)
    cli = Cli("pier", engine)
    with serve_plugin(tmp_path / "plugins" / "disk.sock", VolumePlugin(tmp_path / "far")) as plugin:
        cli.out("volume", "create", "-d", "disk", "-o", "tier=fast", "data")
        assert plugin.volumes == {"data": {"tier": "fast"}}
        assert engine.call("GET", "/volumes/data").json()["Scope"] == "global"
        cli.out("run", "--rm", "-v", "data:/d", image, "sh", "-c", "echo here > /d/f")
        assert (tmp_path / "far" / "data" / "f").read_text() == "here\n"
        assert plugin.mounts["data"] == set()
        plugin.volumes["other"] = {}
        assert [one["Name"] for one in engine.call("GET", "/volumes").json()["Volumes"]] == ["data", "other"]
        cli.out("volume", "rm", "data")
        assert "data" not in plugin.volumes
