"""diff, export, commit and update of real containers."""

import io
import json
import os
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from support.cli import Cli
from support.engine import Engine
from support.events import events_since
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]

CHANGES = (
    "mkdir -p /new/deep; echo x > /new/deep/file; echo x >> /etc/passwd; rm /bin/true; chmod 700 /home; "
    "rm -r /usr; mkdir /usr; echo up > /up; sleep 300"
)


def changed(cli: Cli, image: str, *args: str) -> None:
    """A container `box` that has changed its files."""
    cli.out("run", "-d", "--name", "box", *args, image, "sh", "-c", CHANGES)
    wait_for(lambda: cli("exec", "box", "ls", "/up").code == 0, what="the changes are made")


def image_config(engine: Engine, ref: str) -> dict[str, Any]:
    config: dict[str, Any] = engine.call("GET", f"/images/{ref}/json").json()["Config"]
    return config


# -- diff and export --------------------------------------------------------------------------------------------------


def test_diff_shows_what_changed_and_nothing_of_the_engines_own(cli: Cli, image: str) -> None:
    changed(cli, image, "--tmpfs", "/tt", "-v", "box-volume:/vol")
    expected = [
        "A /new",
        "A /new/deep",
        "A /new/deep/file",
        "A /tt",
        "A /up",
        "A /vol",
        "C /bin",
        "C /etc",
        "C /etc/passwd",
        "C /home",
        "D /bin/true",
    ]
    lines = sorted(cli.out("diff", "box").splitlines())
    assert [line for line in lines if "/usr" not in line] == expected
    assert "C /usr" in lines
    cli.out("stop", "-t", "0", "box")
    assert sorted(cli.out("diff", "box").splitlines()) == lines
    cli("rm", "-f", "box").check()
    cli("volume", "rm", "box-volume").check()


def test_diff_of_a_container_that_changed_nothing(cli: Cli, image: str) -> None:
    cli.out("create", "--name", "box", image, "true")
    assert cli.out("diff", "box") == ""
    cli.out("start", "-a", "box")
    assert cli.out("diff", "box") == ""
    result = cli("diff", "nobody")
    assert (result.code, "No such container: nobody" in result.stderr) == (1, True)


def test_what_every_container_finds_in_its_root_is_no_change_of_it(cli: Cli, image: str, tmp_path: Path) -> None:
    """`/.dockerenv` tells programs that they run in a container; the rest are mount points."""
    script = "test -f /.dockerenv && stat -c %a%s /.dockerenv; readlink /etc/mtab"
    assert cli.out("run", "--name", "box", image, "sh", "-c", script).split() == ["7550", "/proc/mounts"]
    assert cli.out("diff", "box") == ""
    cli("export", "-o", str(tmp_path / "out.tar"), "box").check()
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert {".dockerenv", "dev/console", "dev/shm", "etc/hosts", "etc/resolv.conf"} <= set(archive.getnames())
    cli.out("commit", "box", "made:v1")
    layers = "{{len .RootFS.Layers}}"
    assert cli.out("image", "inspect", "-f", layers, "made:v1") == cli.out("image", "inspect", "-f", layers, image)
    assert cli.out("run", "--rm", "made:v1", "ls", "/.dockerenv") == "/.dockerenv"
    cli("rm", "box").check()
    cli("rmi", "made:v1").check()


@pytest.mark.parametrize("running", [True, False])
def test_export_is_the_root_without_what_is_mounted(cli: Cli, image: str, tmp_path: Path, running: bool) -> None:
    changed(cli, image, "-v", "box-volume:/vol")
    cli.out("exec", "box", "sh", "-c", "echo v > /vol/v; echo t > /dev/shm/t")
    if not running:
        cli.out("stop", "-t", "0", "box")
    cli("export", "-o", str(tmp_path / "out.tar"), "box").check()
    with tarfile.open(tmp_path / "out.tar") as archive:
        names = set(archive.getnames())
        passwd = archive.extractfile("etc/passwd")
        assert passwd is not None
        assert b"x\n" in passwd.read()
    assert {"new/deep/file", "bin/busybox", "vol", "up", "proc", "dev"} <= names
    assert not any(name.startswith(("vol/", "proc/", "sys/", "dev/shm/t")) for name in names)
    assert "bin/true" not in names
    cli("rm", "-f", "box").check()
    cli("volume", "rm", "box-volume").check()


# -- commit -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [True, False])
def test_a_committed_image_has_the_containers_files(cli: Cli, image: str, engine: Engine, running: bool) -> None:
    changed(cli, image, "-e", "A=1", "-w", "/new", "--label", "k=v")
    if not running:
        cli.out("stop", "-t", "0", "box")
    image_id = cli.out(
        "commit", "-m", "why", "-a", "who", "-c", 'CMD ["cat", "deep/file"]', "-c", "ENV B=$A-2", "box", "made:v1"
    )
    try:
        assert image_id.startswith("sha256:")
        assert cli.out("run", "--rm", "made:v1") == "x"
        script = "test ! -e /bin/true && ls -d /usr/* 2>/dev/null | wc -l; stat -c %a /home; echo $A $B"
        assert cli.out("run", "--rm", "made:v1", "sh", "-c", script).split() == ["0", "700", "1", "1-2"]
        config = image_config(engine, "made:v1")
        assert (config["WorkingDir"], config["Labels"]["k"]) == ("/new", "v")
        history = engine.call("GET", "/images/made:v1/history").json()
        assert (history[0]["Id"], history[0]["Comment"], history[0]["CreatedBy"][:5]) == (image_id, "why", "sh -c")
        assert engine.call("GET", "/containers/box/json").json()["State"]["Running"] is running
        assert cli.out("ps", "-aq", "--filter", "ancestor=made:v1") == ""
    finally:
        cli("rmi", "-f", "made:v1").check()


def test_an_image_of_an_image(cli: Cli, image: str) -> None:
    """Each layer stands on the one before, deletions included."""
    cli.out("run", "--name", "one", image, "sh", "-c", "echo 1 > /one; echo 1 > /both")
    cli.out("commit", "one", "made:1")
    cli.out("run", "--name", "two", "made:1", "sh", "-c", "rm /one; echo 2 > /both")
    cli.out("commit", "two", "made:2")
    assert cli.out("run", "--rm", "made:2", "sh", "-c", "ls /one 2>/dev/null; cat /both") == "2"
    assert cli.out("run", "--rm", "made:1", "sh", "-c", "cat /one /both") == "1\n1"
    cli("rm", "one", "two").check()
    cli("rmi", "made:2", "made:1").check()


def test_an_image_keeps_those_that_it_was_made_from(cli: Cli, image: str) -> None:
    cli.out("create", "--name", "one", image, "sh")
    first = cli.out("commit", "one", "made:1")
    cli.out("create", "--name", "two", "made:1", "sh")
    second = cli.out("commit", "two", "made:2")
    cli("rm", "one", "two").check()
    assert cli.out("inspect", "-f", "{{.Parent}}", "made:2") == first
    refused = cli("rmi", "-f", first)
    assert (refused.code, "image has dependent child images" in refused.stderr) == (1, True)
    assert cli.out("rmi", "made:1") == "Untagged: made:1"
    assert first not in cli.out("images", "-q", "--no-trunc").split()
    assert first in cli.out("images", "-aq", "--no-trunc").split()
    removed = cli.out("rmi", "made:2").splitlines()
    assert [line for line in removed if first in line or second in line] == [f"Deleted: {second}", f"Deleted: {first}"]


def test_commit_pauses_unless_told_otherwise(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "box", image, "sleep", "300")
    for flags, actions in (
        ((), ["pause", "create", "tag", "commit", "unpause"]),
        (("--pause=false",), ["create", "tag", "commit"]),
    ):
        since = time.time()
        cli.out("commit", *flags, "box", "made:v1")
        told = events_since(engine, since, type=["container", "image"])
        assert [event["Action"] for event in told] == actions
    commit = next(event for event in told if event["Action"] == "commit")["Actor"]["Attributes"]
    assert commit["imageRef"] == "made:v1"
    cli("rm", "-f", "box").check()
    cli("rmi", "made:v1").check()
    cli("image", "prune", "-f").check()  # the first one, which has lost its name to the second


def test_a_committed_image_can_be_saved_and_loaded(cli: Cli, image: str, engine: Engine, tmp_path: Path) -> None:
    cli.out("run", "--name", "box", image, "sh", "-c", "echo kept > /f")
    image_id = cli.out("commit", "box", "made:v1")
    cli("save", "-o", str(tmp_path / "out.tar"), "made:v1").check()
    cli("rmi", "made:v1").check()
    cli("load", "-i", str(tmp_path / "out.tar")).check()
    assert engine.call("GET", "/images/made:v1/json").json()["Id"] == image_id
    assert cli.out("run", "--rm", "made:v1", "cat", "/f") == "kept"
    cli("rmi", "made:v1").check()


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("container=nobody", 404, "No such container: nobody"),
        ("container=", 400, "invalid name or ID"),
        ("container=box&repo=BAD", 400, "must be lowercase"),
        ("container=box&changes=RUN%20x", 400, "RUN is not a valid change command"),
        ("container=box&changes=EXPOSE%20abc", 400, "Invalid containerPort: abc"),
    ],
)
def test_bad_commits(engine: Engine, image: str, query: str, status: int, message: str) -> None:
    engine.docker("run", "-d", "--name", "box", image, "sleep", "300").check()
    reply = engine.call("POST", f"/commit?{query}")
    assert (reply.status, message in reply.message) == (status, True)
    assert engine.call("GET", "/containers/box/json").json()["State"]["Paused"] is False


# -- update -----------------------------------------------------------------------------------------------------------


def cgroup_value(engine: Engine, ref: str, controller: str, file: str) -> str:
    """A file of the container's cgroup, of version 1 or 2."""
    container_id = engine.call("GET", f"/containers/{ref}/json").json()["Id"]
    for top in (f"/sys/fs/cgroup/{controller}", "/sys/fs/cgroup"):
        path = Path(f"{top}{engine.cgroup_parent}/{container_id}/{file}")
        if path.exists():
            return path.read_text().strip()
    raise AssertionError(f"no {file}")


def host_config(engine: Engine, ref: str) -> dict[str, Any]:
    config: dict[str, Any] = engine.call("GET", f"/containers/{ref}/json").json()["HostConfig"]
    return config


def test_limits_change_while_it_runs_and_stay(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "box", "-m", "32m", "--pids-limit", "50", image, "sleep", "300")
    assert host_config(engine, "box")["MemorySwap"] == 64 << 20
    assert cli.out("update", "-m", "48m", "--pids-limit", "60", "--cpus", "0.5", "box") == "box"
    for _ in range(2):  # and again after a restart
        version1 = Path("/sys/fs/cgroup/memory").exists()
        if version1:
            assert cgroup_value(engine, "box", "memory", "memory.limit_in_bytes") == str(48 << 20)
            assert cgroup_value(engine, "box", "memory", "memory.memsw.limit_in_bytes") == str(64 << 20)
            assert cgroup_value(engine, "box", "cpu", "cpu.cfs_quota_us") == "50000"
        else:
            assert cgroup_value(engine, "box", "", "memory.max") == str(48 << 20)
            assert cgroup_value(engine, "box", "", "cpu.max") == "50000 100000"
        assert cgroup_value(engine, "box", "pids", "pids.max") == "60"
        cli.out("restart", "-t", "0", "box")
    found = host_config(engine, "box")
    assert (found["Memory"], found["MemorySwap"], found["PidsLimit"], found["NanoCpus"]) == (
        48 << 20,
        64 << 20,
        60,
        500_000_000,
    )
    cli.out("update", "--pids-limit", "-1", "box")
    assert (cgroup_value(engine, "box", "pids", "pids.max"), host_config(engine, "box")["PidsLimit"]) == ("max", 0)


def test_a_conflict_changes_nothing(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "box", "-m", "32m", image, "sleep", "300")
    before = host_config(engine, "box")
    result = cli("update", "-m", "128m", "box")
    assert (result.code, "already set memoryswap limit" in result.stderr) == (1, True)
    reply = engine.call("POST", "/containers/box/update", {"Memory": 128 << 20})
    assert reply.status == 409
    reply = engine.call("POST", "/containers/box/update", {"CpusetCpus": "0-900"})
    assert (reply.status, reply.message[:32]) == (400, "Requested CPUs are not available")
    assert host_config(engine, "box") == before
    cli.out("update", "-m", "128m", "--memory-swap", "-1", "box")
    assert host_config(engine, "box")["MemorySwap"] == -1
    assert engine.call("POST", "/containers/box/update", {}).body == b'{"Warnings":null}\n'


def test_a_restart_policy_changes_at_any_time(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "box", image, "sleep", "300")
    cli.out("update", "--restart", "on-failure:2", "box")
    assert host_config(engine, "box")["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 2}
    os.kill(engine.call("GET", "/containers/box/json").json()["State"]["Pid"], 9)
    wait_for(
        lambda: engine.call("GET", "/containers/box/json").json()["RestartCount"] == 1, what="it was started again"
    )
    cli.out("update", "--restart", "no", "box")
    cli.out("stop", "-t", "0", "box")
    cli.out("update", "--restart", "always", "box")
    assert json.loads(cli.out("inspect", "box"))[0]["HostConfig"]["RestartPolicy"]["Name"] == "always"


def test_export_by_the_api_is_a_whole_tar(engine: Engine, image: str) -> None:
    engine.docker("create", "--name", "box", image, "true").check()
    reply = engine.call("GET", "/containers/box/export")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/octet-stream")
    with tarfile.open(fileobj=io.BytesIO(reply.body)) as archive:
        assert "bin/busybox" in archive.getnames()
