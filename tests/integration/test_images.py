"""`image` verbs, with both clients, against a real registry on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli import Cli
from support.engine import Engine
from support.images import Node, TestImage, busybox
from support.registry import PASSWORD, USER, RunningRegistry, running_registry

pytestmark = [pytest.mark.root, pytest.mark.containerd]

# The shared test image with one more layer: an image of its own, of which one layer is there already.
BOX = TestImage([*busybox().layers, {"marker": Node(b"from the registry\n")}], busybox().config)


@pytest.fixture(scope="module")
def registry() -> Iterator[RunningRegistry]:
    """With an image in it, `box:v1`."""
    with running_registry() as running:
        running.push("box:v1", BOX)
        yield running


@pytest.fixture
def pulled(engine: Engine, registry: RunningRegistry) -> Iterator[str]:
    """The reference of the image in the registry; it is removed again at the end."""
    ref = f"{registry.host}/box:v1"
    yield ref
    engine.remove_all_containers()
    engine.call("DELETE", f"/images/{ref}?force=1")


def test_pull_stores_the_image_and_shows_its_layers(cli: Cli, pulled: str) -> None:
    done = cli("image", "pull", pulled).check()
    assert "Pull complete" in done.stdout
    assert f"Status: Downloaded newer image for {pulled}" in done.stdout
    assert done.last == pulled
    (facts,) = json.loads(cli.out("image", "inspect", pulled))
    assert facts["RepoTags"] == [pulled]
    assert facts["RepoDigests"][0].startswith(f"{pulled.removesuffix(':v1')}@sha256:")
    assert facts["Id"] == BOX.id
    again = cli("image", "pull", pulled).check()
    assert f"Status: Image is up to date for {pulled}" in again.stdout


def test_pull_on_a_terminal_draws_bars_and_ends_clean(cli: Cli, pulled: str) -> None:
    with cli.on_terminal("pull", pulled, columns=160) as terminal:
        terminal.expect("Pull complete")
        terminal.expect("Digest: sha256:")
        assert terminal.wait() == 0


def test_run_pulls_what_is_missing_and_uses_what_is_there(cli: Cli, pulled: str, registry: RunningRegistry) -> None:
    first = cli("run", "--rm", pulled, "cat", "/marker").check()
    assert first.stdout == "from the registry\n"
    assert "Unable to find image" in first.stderr
    before = len(registry.requests())
    assert cli("run", "--rm", pulled, "echo", "again").check().stderr == ""
    assert len(registry.requests()) == before


def test_pull_of_what_is_not_there_is_told(cli: Cli, registry: RunningRegistry) -> None:
    done = cli("pull", f"{registry.host}/absent:v1")
    assert done.code == 1
    assert "absent" in done.stderr or "manifest unknown" in done.stderr


def test_push_gives_the_registry_what_it_lacks(cli: Cli, image: str, registry: RunningRegistry) -> None:
    name = f"{registry.host}/pushed-by/{cli.name}:v1"
    image_id = cli.out("image", "inspect", "--format", "{{.Id}}", image)
    try:
        cli("tag", image, name).check()
        done = cli("push", name).check()
        assert f"The push refers to repository [{name.removesuffix(':v1')}]" in done.stdout
        assert ": Pushed" in done.stdout or ": Mounted from pushed-by/" in done.stdout
        assert "v1: digest: sha256:" in done.stdout
        assert "Layer already exists" in cli("image", "push", name).check().stdout
        cli("image", "rm", name).check()
        cli("pull", "--quiet", name).check()
        assert cli.out("image", "inspect", "--format", "{{.Id}}", name) == image_id
    finally:
        cli("image", "rm", name)


@pytest.fixture(scope="module")
def guarded() -> Iterator[RunningRegistry]:
    """Which takes USER only."""
    with running_registry(login=True) as running:
        yield running


def test_login_push_logout(cli: Cli, image: str, guarded: RunningRegistry, tmp_path: Path) -> None:
    name = f"{guarded.host}/team/{cli.name}:v1"
    config = ("--config", str(tmp_path))
    try:
        cli("tag", image, name).check()
        assert "no basic auth credentials" in cli(*config, "push", name).stderr
        refused = cli(*config, "login", "-u", USER, "--password-stdin", guarded.host, input_text="wrong")
        assert refused.code == 1
        assert "failed with status: 401 Unauthorized" in refused.stderr
        assert not (tmp_path / "config.json").exists()
        done = cli(*config, "login", "-u", USER, "--password-stdin", guarded.host, input_text=PASSWORD).check()
        assert done.stdout.strip() == "Login Succeeded"
        assert json.loads((tmp_path / "config.json").read_text())["auths"][guarded.host]["auth"]
        cli(*config, "push", name).check()
        cli("image", "rm", name).check()
        cli(*config, "pull", name).check()
        out = cli(*config, "logout", guarded.host).check().stdout
        assert out == f"Removing login credentials for {guarded.host}\n"
        assert cli(*config, "pull", name).code == 1
    finally:
        cli("image", "rm", name)


def test_push_of_what_is_not_there_is_told(cli: Cli, registry: RunningRegistry) -> None:
    done = cli("push", f"{registry.host}/never-made:v1")
    assert done.code == 1
    assert "An image does not exist locally with the tag" in done.stderr


def test_save_and_load_give_the_same_image_back(cli: Cli, image: str, engine: Engine) -> None:
    path = engine.data_root / "saved.tar"
    image_id = cli.out("image", "inspect", "--format", "{{.Id}}", image)
    try:
        cli("tag", image, "pier-test/saved:v1").check()
        cli("image", "save", "--output", str(path), "pier-test/saved:v1").check()
        assert "Untagged: pier-test/saved:v1" in cli.out("image", "rm", "pier-test/saved:v1")
        assert cli("image", "inspect", "pier-test/saved:v1").code == 1
        assert cli.out("image", "load", "--input", str(path)) == "Loaded image: pier-test/saved:v1"
        assert cli.out("image", "inspect", "--format", "{{.Id}}", "pier-test/saved:v1") == image_id
    finally:
        path.unlink(missing_ok=True)
        cli("image", "rm", "pier-test/saved:v1")


def test_export_and_import_give_the_files_back(cli: Cli, image: str, engine: Engine) -> None:
    path = engine.data_root / "exported.tar"
    try:
        cli.out("create", "--name", "origin", image)
        cli("export", "-o", str(path), "origin").check()
        change = ("-c", 'CMD ["cat", "/www/index.html"]', "-m", "from files")
        image_id = cli.out("import", *change, str(path), "pier-test/imported:v1")
        assert image_id == cli.out("image", "inspect", "-f", "{{.Id}}", "pier-test/imported:v1")
        assert cli("run", "--rm", "pier-test/imported:v1").check().stdout == "<p>served by a test image of Pier</p>\n"
        assert "from files" in cli.out("history", "pier-test/imported:v1")
    finally:
        path.unlink(missing_ok=True)
        cli("rm", "origin")
        cli("image", "rm", "pier-test/imported:v1")


@pytest.mark.parametrize("garbage", ["no tar at all" * 100, ""])
def test_import_of_what_is_no_archive_is_told(cli: Cli, garbage: str) -> None:
    done = cli("import", "-", "pier-test/garbage:v1", input_text=garbage)
    assert done.code == 1
    assert done.stderr.strip()
    assert cli("image", "inspect", "pier-test/garbage:v1").code == 1


def test_an_image_in_use_is_not_removed_without_force(cli: Cli, pulled: str) -> None:
    cli.out("run", "-d", pulled, "sleep", "100")
    done = cli("image", "rm", pulled)
    assert done.code == 1
    assert "is using" in done.stderr
    assert cli("image", "inspect", pulled).code == 0


def test_a_broken_archive_is_told_and_leaves_nothing(cli: Cli, engine: Engine) -> None:
    path = engine.data_root / "broken.tar"
    path.write_bytes(b"no tar at all" * 100)
    try:
        done = cli("image", "load", "--input", str(path))
        assert done.code == 1
        assert done.stderr.strip()
    finally:
        path.unlink()
